"""What `manage.py up` becomes: one small process that starts all others, restarts what dies, and stops them in order.

It loads neither Django nor Celery, so it stays small, and it has a single thread.
"""
