"""Who somebody is: accounts, passwords, sign-in, sessions, one-time links."""
