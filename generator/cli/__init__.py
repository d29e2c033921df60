"""The program's commands, and what they print. No other room prints or exits."""
