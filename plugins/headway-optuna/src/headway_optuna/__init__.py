"""`headway sweep`: Optuna searches, the journal remembers, the store recomputes nothing."""
