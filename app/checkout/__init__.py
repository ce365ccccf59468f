"""Getting money through Stripe: the only package that talks to it.

What Stripe says is the truth about money; what the database says is the truth about time. Every
way in (return page, webhook, worker) asks Stripe for the present state of a session and writes
down what follows from it, so that order, repetition and loss of the ways make no difference.
"""
