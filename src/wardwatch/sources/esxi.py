"""Logs of VMware ESXi: the shell, logins, the host agent and the observer of virtual-machine events.

Reference: VMware "ESXi Log File Locations" and "Auditing ESXi Shell logins and commands". Read are the
files as they lie on the host (`2026-11-23T03:11:02.123Z In(14) shell[2099134]: [root]: command`; before
ESXi 8 without `In(14)`) and the same forwarded by syslog. `service` is shell, auth, hostd or vobd, else the
program's name.
"""

import re

from wardwatch.events.logsource import LogSource
from wardwatch.events.record import STATED, Record, Value
from wardwatch.frames import heads, syslog
from wardwatch.kernel import stamps
from wardwatch.sources import Context, Sample, Source, each, term

_SERVICES = {
    "shell": "shell", "esxshell": "shell", "sshd": "auth", "login": "auth", "dcui": "auth",
    "dropbear": "auth", "sudo": "auth",
    "pam": "auth", "su": "auth", "sshd-session": "auth", "hostd": "hostd", "hostd-probe": "hostd",
    "vobd": "vobd", "vpxa": "vpxa",
}  # fmt: skip
_FILES = ("shell", "auth", "hostd", "vobd", "vmkernel", "vpxa", "syslog", "esxupdate", "vmkwarning")
_OWN = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z) "
    r"(?:(?:[A-Z][a-z]\(\d{1,3}\)|info|warning|error|verbose|trivia|panic|debug) )?"
    r"([A-Za-z][\w./-]{0,60})(?:\[([0-9A-Fa-f]{1,16})\])?(:?) ?(.*)",
    re.DOTALL,
)
_SEVERITY = re.compile(r"^(?:[A-Z][a-z]\(\d{1,3}\) )")
_SNIFF = re.compile(
    rb"^(?:<\d{1,3}>)?\d{4}-\d\d-\d\dT[\d:.]{8,16}Z [A-Z][a-z]\(\d{1,3}\) [\w./-]{1,60}"
    rb"|\b(?:shell|ESXShell)\[\d{1,10}\]: (?:\[[^\]\r\n]{1,64}\]: |Interactive shell session)"
    rb"|\[Originator@6876 |\bvobd(?:\[\d{1,10}\])?: {1,2}\[|\[(?:vob|esx)\.[\w.]{3,80}\]"
)
_COMMAND = re.compile(r"\[([^\]]{1,128})\]: (.*)", re.DOTALL)
_CONTEXT = re.compile(r"\[Originator@6876 ([^\]]{0,500})\] ?")
_CONTEXT_PAIR = re.compile(r"(sub|opID|sid|user)=([^\s]+)")
_EVENT_TYPE = re.compile(r"\[((?:vob|esx)\.[\w.]{3,100})\]")
_ADDRESS = r"(?P<ip>[0-9A-Fa-f:.]{3,45})"
_USER = r"'?(?P<user>[^\s'@,]{1,128})"
# What a message says; the first that fits names the operation. Bounded everywhere: messages are hostile.
_OPERATIONS = tuple(
    (operation, re.compile(pattern, re.IGNORECASE))
    for operation, pattern in (
        ("login", rf"Accepted \S{{1,40}} for (?:user )?{_USER}'? from {_ADDRESS}"),
        (
            "login_failed",
            rf"(?:Rejected password|Failed \S{{1,40}}) for (?:invalid user |user )?{_USER}'? from {_ADDRESS}",
        ),
        ("login_failed", rf"Authentication failure for (?:user )?{_USER}'? from {_ADDRESS}"),
        ("login_failed", rf"Cannot login (?:user )?{_USER}@{_ADDRESS}"),
        (
            "account_locked",
            r"Remote access for (?:ESXi )?local user account '(?P<user>[^']{1,128})' has been locked",
        ),
        ("login_failed", r"authentication failure;"),
        ("ssh_session_opened", rf"SSH session was opened for '{_USER}@{_ADDRESS}'"),
        ("logout", rf"SSH session was closed for '{_USER}@{_ADDRESS}'"),
        ("logout", rf"User {_USER}@{_ADDRESS} logged out"),
        ("login", rf"User {_USER}@{_ADDRESS} logged in"),
        ("logout", r"Session closed for '(?P<user>[^']{1,128})'"),
        ("login", r"(?P<user>[^\s\[\]]{1,64}) login on "),
        ("ssh_enabled", r"SSH (?:access|login)? ?(?:has been |is |was )?enabled"),
        ("ssh_disabled", r"SSH (?:access|login)? ?(?:has been |is |was )?disabled"),
        (
            "shell_enabled",
            r"(?:ESXi Shell|ESXi command line shell) (?:access )?(?:has been |is |was )?(?:enabled|started)",
        ),
        ("lockdown_disabled", r"lockdown mode (?:has been |is |was )?(?:disabled|exited)|exited lockdown"),
        (
            "vm_power_off",
            r"VirtualMachine\.powerOff|is powered off|VirtualMachine\.(?:shutdownGuest|terminate)",
        ),
        (
            "vm_destroy",
            r"VirtualMachine\.destroy|ManagedEntity\.destroy|VmRemovedEvent|Removed .{1,200} from ",
        ),
        ("vm_unregister", r"VirtualMachine\.unregister"),
        ("snapshot_create", r"VirtualMachine\.createSnapshot"),
        (
            "snapshot_remove",
            r"VirtualMachine\.removeAllSnapshots|VirtualMachineSnapshot\.remove|snapshot\.remove",
        ),
        (
            "account_created",
            r"Account '?(?P<user>[^\s']{1,128})'? was created|LocalAccountManager\.createUser",
        ),
        ("firewall_disabled", r"firewall (?:configuration )?(?:has been |is |was )?disabled"),
        ("session_started", r"Interactive shell session started"),
    )
)


def _parse(body: bytes, context: Context) -> Record | str:
    text = syslog.text(body).strip()
    own = _OWN.match(text[text.find(">") + 1 :] if text.startswith("<") else text)
    host = None
    if own and (own[2].lower() in _SERVICES or own[3] or own[4]):
        occurred_at: int | None = stamps.iso(own[1])[0]
        quality, app, world, message = STATED, own[2], own[3], own[5]
    else:
        line = syslog.parse(text, context.received_at, context.zone)
        if line.app is None:
            return "no line of an ESXi log"
        occurred_at, quality, host, app, world = (
            line.occurred_at,
            line.time_quality,
            line.host,
            line.app,
            line.pid,
        )
        message = _SEVERITY.sub("", line.message)
    app = app.rpartition("/")[2]
    fields: dict[str, Value] = {"Appname": app, "Message": message}
    if world:
        fields["WorldId"] = world
    service = _SERVICES.get(app.lower(), app.lower())
    _details(service, message, fields)
    user = fields.get("User")
    return Record(
        0, LogSource("esxi", None, term(service)), fields, occurred_at, quality, host, str(user) if user else None
    )


def _details(service: str, message: str, fields: dict[str, Value]) -> None:
    if inner := _CONTEXT.match(message):
        names = {"sub": "Subsystem", "opID": "OperationId", "sid": "SessionId", "user": "User"}
        fields.update((names[name], value) for name, value in _CONTEXT_PAIR.findall(inner[1]))
        message = message[inner.end() :]
    if event_type := _EVENT_TYPE.search(message):
        fields["EventType"] = event_type[1]
    if service == "shell" and (command := _COMMAND.match(message)):
        fields["User"], fields["Command"] = command[1], command[2]
        fields["Operation"] = "command"
        return
    for operation, pattern in _OPERATIONS:
        if found := pattern.search(message):
            fields["Operation"] = operation
            parts = found.groupdict()
            if parts.get("user"):
                fields["User"] = parts["user"]
            if parts.get("ip"):
                fields["ClientAddress"] = parts["ip"].rstrip(".:")
            return


def _sniff(head: bytes, name: str) -> int:
    found = heads.confidence(head, _SNIFF, 88)
    if not found and name.partition(".")[0] in _FILES and heads.share(head, _ISO_Z) > 0.5:  # noqa: PLR2004
        return 45
    return found


_ISO_Z = re.compile(rb"^\d{4}-\d\d-\d\dT[\d:.]{8,16}Z [\w()./-]{2,60}[\[: ]")
source = Source("esxi", "VMware ESXi", _sniff, each(_parse), whole_host=True)

SAMPLE = Sample(
    log=b"""2026-11-23T03:11:02.123Z In(14) shell[2099134]: [root]: esxcli vm process kill --type=force --world-id=2101
2026-11-23T03:11:03.320Z In(38) sshd[2099100]: Accepted keyboard-interactive/pam for root from 10.4.2.66 port 58470 ssh2
2026-11-23T03:11:04.557Z In(166) Hostd[2098748]: [Originator@6876 sub=Vimsvc.HaSessionManager opID=esxui-8c02 sid=52f0e556] Rejected password for user root from 10.4.2.66
2026-11-23T03:11:05.000Z In(14) vobd[1048811]:  [UserLevelCorrelator] 123456us: [esx.audit.ssh.enabled] SSH access has been enabled.
<166>2026-11-23T03:11:06.000Z esx02.chu.local Hostd[2098748]: [Originator@6876 sub=Vimsvc.TaskManager opID=1 user=root] Task Created : haTask-12-vim.VirtualMachine.powerOff-991
2026-11-23T03:11:07Z shell[77]: [admin]: vim-cmd vmsvc/getallvms
<14>1 2026-11-23T03:11:08.000Z esx02 shell 2099135 - - [root]: rm -rf /var/log
nothing of the kind
""",  # noqa: E501
    events=(
        {
            "@logsource": LogSource("esxi", None, "shell"),
            "@time": "2026-11-23T03:11:02.123000Z",
            "@user": "root",
            "@quality": STATED,
            "User": "root",
            "Command": "esxcli vm process kill --type=force --world-id=2101",
            "Appname": "shell",
            "WorldId": "2099134",
            "Operation": "command",
            "Message": "[root]: esxcli vm process kill --type=force --world-id=2101",
        },
        {
            "@logsource": LogSource("esxi", None, "auth"),
            "User": "root",
            "ClientAddress": "10.4.2.66",
            "Operation": "login",
        },
        {
            "@logsource": LogSource("esxi", None, "hostd"),
            "User": "root",
            "ClientAddress": "10.4.2.66",
            "Operation": "login_failed",
        },
        {
            "@logsource": LogSource("esxi", None, "vobd"),
            "Operation": "ssh_enabled",
            "EventType": "esx.audit.ssh.enabled",
        },
        {"@host": "esx02.chu.local", "@user": "root", "Operation": "vm_power_off", "User": "root"},
        {"User": "admin", "Command": "vim-cmd vmsvc/getallvms", "WorldId": "77"},
        {"@host": "esx02", "User": "root", "Command": "rm -rf /var/log", "WorldId": "2099135"},
    ),
    rejects=1,
)
