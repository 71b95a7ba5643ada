"""The third stage: what is asked of the sums by territory, beside the queries of sql/ledger."""
