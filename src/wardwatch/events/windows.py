"""Windows event channels in Sigma's terms: which log source an event belongs to, and what its fields are called.

Facts: the SigmaHQ log source guides and the Sysmon event schema. Shared by every source that reads Windows events.
"""

from functools import lru_cache

from wardwatch.events.logsource import WIDER_CATEGORY, WIDER_SERVICE, LogSource

SYSMON = "Microsoft-Windows-Sysmon/Operational"
SECURITY = "Security"

# Sysmon event id → Sigma category. Event 12 depends on its EventType.
SYSMON_CATEGORIES = {
    "1": "process_creation",
    "2": "file_change",
    "3": "network_connection",
    "4": "sysmon_status",
    "5": "process_termination",
    "6": "driver_load",
    "7": "image_load",
    "8": "create_remote_thread",
    "9": "raw_access_thread",
    "10": "process_access",
    "11": "file_event",
    "13": "registry_set",
    "14": "registry_rename",
    "15": "create_stream_hash",
    "16": "sysmon_status",
    "17": "pipe_created",
    "18": "pipe_created",
    "19": "wmi_event",
    "20": "wmi_event",
    "21": "wmi_event",
    "22": "dns_query",
    "23": "file_delete",
    "24": "clipboard_capture",
    "25": "process_tampering",
    "26": "file_delete_detected",
    "27": "file_block_executable",
    "28": "file_block_shredding",
    "29": "file_executable_detected",
    "255": "sysmon_error",
}
_REGISTRY_12 = {
    "createkey": "registry_add",
    "deletekey": "registry_delete",
    "deletevalue": "registry_delete",
}

# (service, event id) → category, outside Sysmon.
_CATEGORIES = {
    ("security", "4688"): "process_creation",
    ("powershell", "4103"): "ps_module",
    ("powershell", "4104"): "ps_script",
    ("powershell-classic", "400"): "ps_classic_start",
    ("powershell-classic", "600"): "ps_classic_provider_start",
    ("powershell-classic", "800"): "ps_classic_script",
}

# Channel (lower case) → Sigma service.
SERVICES = {
    channel.lower(): service
    for service, channels in {
        "application": ("Application",),
        "security": (SECURITY,),
        "system": ("System",),
        "sysmon": (SYSMON,),
        "powershell": ("Microsoft-Windows-PowerShell/Operational", "PowerShellCore/Operational"),
        "powershell-classic": ("Windows PowerShell",),
        "ntlm": ("Microsoft-Windows-NTLM/Operational",),
        "taskscheduler": ("Microsoft-Windows-TaskScheduler/Operational",),
        "wmi": ("Microsoft-Windows-WMI-Activity/Operational",),
        "dhcp": ("Microsoft-Windows-DHCP-Server/Operational",),
        "dns-server": ("DNS Server",),
        "dns-server-audit": ("Microsoft-Windows-DNS-Server/Audit",),
        "dns-server-analytic": ("Microsoft-Windows-DNS-Server/Analytical",),
        "dns-client": (
            "Microsoft-Windows-DNS Client Events/Operational",
            "Microsoft-Windows-DNS-Client/Operational",
        ),
        "printservice-admin": ("Microsoft-Windows-PrintService/Admin",),
        "printservice-operational": ("Microsoft-Windows-PrintService/Operational",),
        "smbclient-security": ("Microsoft-Windows-SmbClient/Security",),
        "smbclient-connectivity": ("Microsoft-Windows-SmbClient/Connectivity",),
        "smbserver-connectivity": ("Microsoft-Windows-SMBServer/Connectivity",),
        "terminalservices-localsessionmanager": ("Microsoft-Windows-TerminalServices-LocalSessionManager/Operational",),
        "codeintegrity-operational": ("Microsoft-Windows-CodeIntegrity/Operational",),
        "applocker": (
            "Microsoft-Windows-AppLocker/MSI and Script",
            "Microsoft-Windows-AppLocker/EXE and DLL",
            "Microsoft-Windows-AppLocker/Packaged app-Deployment",
            "Microsoft-Windows-AppLocker/Packaged app-Execution",
        ),
        "msexchange-management": ("MSExchange Management",),
        "windefend": ("Microsoft-Windows-Windows Defender/Operational",),
        "firewall-as": ("Microsoft-Windows-Windows Firewall With Advanced Security/Firewall",),
        "bits-client": ("Microsoft-Windows-Bits-Client/Operational",),
        "security-mitigations": (
            "Microsoft-Windows-Security-Mitigations/Kernel Mode",
            "Microsoft-Windows-Security-Mitigations/User Mode",
        ),
        "diagnosis-scripted": ("Microsoft-Windows-Diagnosis-Scripted/Operational",),
        "shell-core": ("Microsoft-Windows-Shell-Core/Operational",),
        "openssh": ("OpenSSH/Operational",),
        "ldap": ("Microsoft-Windows-LDAP-Client/Debug",),
        "bitlocker": ("Microsoft-Windows-BitLocker/BitLocker Management",),
        "vhdmp": ("Microsoft-Windows-VHDMP/Operational",),
        "appxdeployment-server": ("Microsoft-Windows-AppXDeploymentServer/Operational",),
        "lsa-server": ("Microsoft-Windows-LSA/Operational",),
        "appxpackaging-om": ("Microsoft-Windows-AppxPackaging/Operational",),
        "appmodel-runtime": ("Microsoft-Windows-AppModel-Runtime/Admin",),
        "capi2": ("Microsoft-Windows-CAPI2/Operational",),
        "certificateservicesclient-lifecycle-system": (
            "Microsoft-Windows-CertificateServicesClient-Lifecycle-System/Operational",
        ),
        "driver-framework": ("Microsoft-Windows-DriverFrameworks-UserMode/Operational",),
        "kernel-shimengine": (
            "Microsoft-Windows-Kernel-ShimEngine/Operational",
            "Microsoft-Windows-Kernel-ShimEngine/Diagnostic",
        ),
        "application-experience": (
            "Microsoft-Windows-Application-Experience/Program-Telemetry",
            "Microsoft-Windows-Application-Experience/Program-Compatibility-Assistant",
        ),
        "ntfs": ("Microsoft-Windows-Ntfs/Operational",),
        "hyper-v-worker": ("Microsoft-Windows-Hyper-V-Worker",),
        "kernel-event-tracing": ("Microsoft-Windows-Kernel-EventTracing",),
        "sense": ("Microsoft-Windows-SENSE/Operational",),
        "microsoft-servicebus-client": (
            "Microsoft-ServiceBus-Client/Admin",
            "Microsoft-ServiceBus-Client/Operational",
        ),
        "iis-configuration": ("Microsoft-IIS-Configuration/Operational",),
    }.items()
    for channel in channels
}


@lru_cache(maxsize=4096)
def log_source(channel: str, event_id: str, event_type: str = "") -> LogSource:
    """Return the log source of a Windows event; `event_type` matters for Sysmon event 12 only."""
    service = SERVICES.get(channel.lower())
    if service == "sysmon":
        if event_id == "12":
            return LogSource("windows", _REGISTRY_12.get(event_type.lower(), "registry_event"), service)
        return LogSource("windows", SYSMON_CATEGORIES.get(event_id), service)
    return LogSource("windows", _CATEGORIES.get((service or "", event_id)), service)


_KNOWN_CATEGORIES = {
    *SYSMON_CATEGORIES.values(),
    *_REGISTRY_12.values(),
    *_CATEGORIES.values(),
    *WIDER_CATEGORY.values(),
}


def is_windows(rule: LogSource) -> bool:
    """Say whether a rule for this log source can look at a Windows event."""
    return (
        rule.product in (None, "windows")
        and (rule.category is None or rule.category in _KNOWN_CATEGORIES)
        and (rule.service is None or rule.service in SERVICES.values() or rule.service in WIDER_SERVICE.values())
    )


# Fields of 4688 under the names that process_creation rules use. `ProcessId` there is the creator's.
_ALIASES_4688 = {
    "NewProcessName": "Image",
    "ParentProcessName": "ParentImage",
    "SubjectUserName": "User",
    "SubjectLogonId": "LogonId",
    "MandatoryLabel": "IntegrityLevel",
}


def fields_for(service: str | None, event_id: str, name: str) -> tuple[str, ...]:
    """Return the Sigma names of an event's field: its own, and those that rules also use."""
    if service == "security" and event_id == "4688" and name in _ALIASES_4688:
        return (name, _ALIASES_4688[name])
    if " " in name:  # Defender writes `Threat Name`, rules say `ThreatName`
        return (name, name.replace(" ", ""))
    return (name,)
