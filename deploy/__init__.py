"""Brings the stack into an AWS account and takes it out again; it never runs in the stack.

What is decided is pure (`parameters`, `page`, `destruction.objections`); what asks or changes AWS
is handed typed clients, and programs are run through `programs.Run`. Only `__main__` reads the
shell's environment and makes clients.
"""
