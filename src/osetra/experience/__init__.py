"""Experience: what finished studies teach a new one.

records   one finished study as data: its space as text, its goal, its trials; read and written
names     which hyperparameter of one study is which of another; configurations carried over
home      the folder in which a user's records are kept
lessons   records as seen from a new problem: what to try first, and why
first     the suggestions that follow, as long as they are worth it
"""
