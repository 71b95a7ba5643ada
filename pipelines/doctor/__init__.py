"""Is this machine fit for a run, and are the folders that a run uses as they should be?"""
