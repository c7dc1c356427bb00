"""OVHcloud's API of one web hosting as its schema and its SDK have it: signed requests, rights, tasks that take their time, real effects.

    with ovhcloud_host(home) as host:          # home: the folder that the test's SSH, SFTP or FTP server serves
        settings.SITEMEND_OVHCLOUD_API = host.url
        host.gate.confirm()                    # what a person does at the address to confirm
        host.clock.forward(30)                 # tasks go on by this clock
        host.calls("POST")                     # what was asked

Rules: https://eu.api.ovh.com/1.0/hosting/web.json (paths, parameters, models, enums) and https://github.com/ovh/python-ovh (signature).
"""

from .gate import ACCOUNT, ACCOUNT_SECRET, APPLICATION_KEY, APPLICATION_SECRET
from .host import SERVICE, OvhcloudHost
from .serving import ovhcloud_host

__all__ = ["ACCOUNT", "ACCOUNT_SECRET", "APPLICATION_KEY", "APPLICATION_SECRET", "SERVICE", "OvhcloudHost", "ovhcloud_host"]
