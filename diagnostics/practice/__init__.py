"""The practice site: a small real web server and a real SFTP server on this machine, to rehearse a repair on.

It shares nothing with the checks and repairs, so that it cannot agree with them by mistake.
"""
