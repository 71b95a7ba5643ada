"""The third stage: who provides what to whom (flows), demand and supply (balances)."""
