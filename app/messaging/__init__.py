"""E-mail: written to the outbox with the change that causes it, sent afterwards by the worker."""
