"""Write the sample logs that `make run` scans: one hospital, one morning, and an attack in it.

Everything is made up and comes out the same every time: names, addresses (RFC 1918 and 5737), domains (RFC 2606),
identifiers. Most lines are a hospital's everyday life; the attack is written out in `attack_*`, in the order in which it
happens. Call it with the folder to write to: `make samples`.
"""

import json
import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

DAY = datetime(2026, 11, 17, tzinfo=UTC)
PARIS = timezone(timedelta(hours=1))
NURSES = ("nurse03", "nurse07", "nurse12", "nurse18", "nurse21")
DOCTORS = ("dr.bernard", "dr.diallo", "dr.martin", "dr.nguyen")
CLERKS = ("clerk02", "clerk05", "secretary04", "secretary09")
PORTAL_PAGES = (
    "/",
    "/portal/",
    "/portal/appointments",
    "/portal/results?lang=fr",
    "/portal/static/site.css",
    "/portal/login",
)
Line = tuple[datetime, str]


def at(clock: str, seconds: float = 0.0) -> datetime:
    """The moment of the morning that a clock (UTC) shows."""
    hour, minute, second = (int(part) for part in clock.split(":"))
    return DAY + timedelta(hours=hour, minutes=minute, seconds=second + seconds)


def morning(dice: random.Random, count: int) -> list[datetime]:
    """Moments between 04:30 and 07:30 UTC, more of them when the day shift comes."""
    return sorted(at("04:30:00", dice.triangular(0, 10_800, 9_000)) for _ in range(count))


def iso(moment: datetime) -> str:
    """As most systems write it: UTC, milliseconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


# Windows: events as JSON


def windows(moment: datetime, host: str, channel: str, event_id: int, **data: object) -> Line:
    """One event as NXLog forwards it."""
    provider = {"Security": "Microsoft-Windows-Security-Auditing", "System": "Service Control Manager"}.get(
        channel, channel.partition("/")[0]
    )
    event = {
        "EventTime": iso(moment),
        "Hostname": host,
        "Channel": channel,
        "EventID": event_id,
    }
    return moment, json.dumps({**event, "SourceName": provider, **data})


def process(moment: datetime, host: str, user: str, command: str, parent: str = "explorer.exe") -> Line:
    """A program started, as Sysmon sees it; the program is the command's first word, in System32 unless it has a path."""
    program = command[1:].partition('"')[0] if command.startswith('"') else command.partition(" ")[0]
    image = program if ":" in program else f"C:\\Windows\\System32\\{program}"
    home = "C:\\Windows\\" if parent == "explorer.exe" else "C:\\Windows\\System32\\"
    data = {"Image": image, "CommandLine": command, "ParentImage": home + parent, "User": f"HOSP\\{user}"}
    return windows(moment, host, "Microsoft-Windows-Sysmon/Operational", 1, **data)


def everyday_windows(dice: random.Random) -> Iterator[Line]:
    """Logons, Office, the electronic patient record, a few wrong passwords."""
    office = "C:\\Program Files\\Microsoft Office\\root\\Office16\\"
    programs = (
        f'"{office}WINWORD.EXE" /n',
        f'"{office}OUTLOOK.EXE"',
        "C:\\Dossier\\PatientRecord.exe --ward cardiology",
        "C:\\Dossier\\PatientRecord.exe --ward emergency",
        "C:\\Imaging\\Viewer.exe --worklist",
        "notepad.exe",
    )
    for moment in morning(dice, 70):
        number = dice.randint(1, 30)
        user = dice.choice(NURSES + DOCTORS + CLERKS)
        yield process(moment, f"PC-ADM-{number:02d}", user, dice.choice(programs))
    for moment in morning(dice, 60):
        user, address = dice.choice(NURSES + DOCTORS + CLERKS), f"10.20.4.{dice.randint(10, 60)}"
        event_id = 4625 if dice.random() < 0.06 else 4624
        logon = {"TargetUserName": user, "TargetDomainName": "HOSP", "IpAddress": address, "LogonType": 3}
        yield windows(moment, "SRV-DC01", "Security", event_id, **logon)
    for moment in morning(dice, 8):
        service = {"param1": "Windows Update", "param2": dice.choice(("running", "stopped"))}
        yield windows(moment, f"PC-ADM-{dice.randint(1, 30):02d}", "System", 7036, **service)


def attack_windows() -> Iterator[Line]:
    """A stolen session looks around, takes passwords, makes itself administrator and blinds the defence."""
    cmd = "cmd.exe"
    yield process(
        at("05:02:11"), "SRV-RDS01", "secretary04", "C:\\Users\\secretary04\\Downloads\\AnyDesk.exe --control"
    )
    yield process(at("05:06:40"), "PC-ADM-17", "secretary04", "nltest.exe /domain_trusts", cmd)
    yield process(at("05:07:05"), "PC-ADM-17", "secretary04", 'net.exe group "Domain Admins" /domain', cmd)
    yield process(
        at("05:17:32"),
        "SRV-RDS01",
        "secretary04",
        "rundll32.exe C:\\windows\\System32\\comsvcs.dll, MiniDump 640 C:\\Users\\Public\\d.bin full",
        cmd,
    )
    member = {"TargetUserName": "Domain Admins", "TargetSid": "S-1-5-21-1004-2001-77-512"}
    member |= {"MemberSid": "S-1-5-21-1004-2001-77-7001", "SubjectUserName": "adm.legrand"}
    yield windows(at("05:31:20"), "SRV-DC01", "Security", 4728, **member)
    service = {
        "ServiceName": "PSEXESVC",
        "ImagePath": "%SystemRoot%\\PSEXESVC.exe",
        "StartType": "demand start",
    }
    yield windows(at("05:40:02"), "SRV-BKP01", "System", 7045, **service)
    yield process(at("05:41:18"), "SRV-BKP01", "adm.legrand", "net.exe stop VeeamBackupSvc /y", cmd)
    defender = "Microsoft-Windows-Windows Defender/Operational"
    yield windows(at("06:02:08"), "SRV-FS02", defender, 5001, **{"Product Name": "Microsoft Defender Antivirus"})
    yield process(at("06:03:15"), "SRV-FS02", "adm.legrand", "vssadmin.exe delete shadows /all /quiet", cmd)
    yield windows(at("06:21:44"), "SRV-DC01", "Security", 1102, SubjectUserName="adm.legrand")


# File server: Samba full_audit


def samba(moment: datetime, who: tuple[str, str, str], *what: str) -> Line:
    """One operation of a user at a client (user, address, name) on the share `patients`."""
    stamp = moment.astimezone(PARIS).isoformat(timespec="milliseconds")
    return moment, f"{stamp} fs01 smbd_audit: " + "|".join((*who, "patients", *what))


def everyday_samba(dice: random.Random) -> Iterator[Line]:
    """Letters are read and written; an editor renames its temporary file when it saves."""
    for moment in morning(dice, 75):
        number = dice.randint(10, 60)
        who = (dice.choice(CLERKS + DOCTORS), f"10.20.4.{number}", f"pc-adm-{number}")
        letter = f"{dice.choice(('cardiology', 'surgery', 'geriatrics'))}/letters/2026-{dice.randint(1000, 9999)}.docx"
        kind = dice.random()
        if kind < 0.6:
            yield samba(moment, who, "openat", "ok", "r", letter)
        elif kind < 0.8:
            yield samba(moment, who, "openat", "ok", "w", letter.replace(".docx", ".tmp"))
            yield samba(moment + timedelta(seconds=2), who, "renameat", "ok", letter.replace(".docx", ".tmp"), letter)
        elif kind < 0.95:
            yield samba(moment, who, "connect", "ok", "patients")
        else:
            yield samba(moment, who, "openat", "fail (Permission denied)", "w", letter)


def attack_samba() -> Iterator[Line]:
    """One computer encrypts a share: a hundred and twenty files in half a minute, then the note."""
    who = ("secretary04", "10.20.4.17", "pc-adm-17")
    for number in range(120):
        letter = f"cardiology/letters/2026-{3000 + number}.docx"
        yield samba(at("06:14:02", number * 0.25), who, "renameat", "ok", letter, f"{letter}.akira")
    yield samba(at("06:14:33"), who, "openat", "ok", "w", "cardiology/akira_readme.txt")


# Imaging archive: DICOM audit messages


def dicom(moment: datetime, event: tuple[str, str, str], who: tuple[str, str], study: str, query: str = "") -> Line:
    """One audit message: event (code, meaning, action), requester (user, address), study, and the text of a query."""
    code, meaning, action = event
    role, kind = ("24", "110181") if query else ("3", "110180")
    searched = f"<ParticipantObjectQuery>{query}</ParticipantObjectQuery>" if query else ""
    return moment, (
        f"<85>1 {iso(moment)} pacs01 archive 77 IHE+RFC-3881 - <AuditMessage>"
        f'<EventIdentification EventActionCode="{action}" EventDateTime="{iso(moment)}" EventOutcomeIndicator="0">'
        f'<EventID csd-code="{code}" codeSystemName="DCM" originalText="{meaning}"/></EventIdentification>'
        f'<ActiveParticipant UserID="{who[0]}" UserIsRequestor="true" NetworkAccessPointID="{who[1]}" '
        'NetworkAccessPointTypeCode="2"/><AuditSourceIdentification AuditSourceID="pacs01"/>'
        f'<ParticipantObjectIdentification ParticipantObjectID="{study}" ParticipantObjectTypeCode="2" '
        f'ParticipantObjectTypeCodeRole="{role}"><ParticipantObjectIDTypeCode csd-code="{kind}" codeSystemName="DCM"/>'
        f"{searched}</ParticipantObjectIdentification></AuditMessage>"
    )


def everyday_dicom(dice: random.Random) -> Iterator[Line]:
    """Radiologists and wards open studies, one at a time."""
    for moment in morning(dice, 32):
        who = dice.choice((("WS-RAD3", "10.20.5.31"), ("WS-RAD1", "10.20.5.30"), ("dr.nguyen", "10.20.4.52")))
        study = f"1.2.826.0.1.99.{dice.randint(100_000, 999_999)}"
        yield dicom(moment, ("110103", "DICOM Instances Accessed", "R"), who, study)
    yield dicom(
        at("04:58:12"),
        ("110105", "DICOM Study Deleted", "D"),
        ("pacs.admin", "10.20.1.8"),
        "1.2.826.0.1.99.77",
    )


def attack_dicom() -> Iterator[Line]:
    """All patients are listed, then studies are deleted."""
    who = ("GETSCU", "10.20.4.17")
    everyone = "UGF0aWVudE5hbWU9Kg=="  # base64 of PatientName=*
    yield dicom(at("05:52:30"), ("110112", "Query", "E"), who, "1.2.840.10008.5.1.4.1.2.2.1", everyone)
    for number in range(12):
        study = f"1.2.826.0.1.99.{500_000 + number}"
        yield dicom(at("05:55:00", number * 9), ("110105", "DICOM Study Deleted", "D"), who, study)


# Hypervisor: ESXi over syslog


def esxi(moment: datetime, host: str, app: str, message: str) -> Line:
    """One line of an ESXi host's log."""
    return moment, f"<14>{iso(moment)} {host} {app}: {message}"


def everyday_esxi(dice: random.Random) -> Iterator[Line]:
    """The backup makes and removes snapshots; an administrator lists machines."""
    for moment in morning(dice, 34):
        task = dice.choice(("VirtualMachine.createSnapshot", "VirtualMachine.reconfigure", "Datastore.refresh"))
        context = f"[Originator@6876 sub=Vimsvc.TaskManager opID={dice.randint(1000, 9999)} user=vpxuser]"
        message = f"{context} Task Created : haTask-{dice.randint(10, 40)}-vim.{task}-{dice.randint(100, 999)}"
        yield esxi(moment, dice.choice(("esx01", "esx02")), "Hostd[2098748]", message)
    yield esxi(at("04:41:09"), "esx01", "shell[2098001]", "[root]: esxcli system version get")
    yield esxi(at("04:41:30"), "esx01", "shell[2098001]", "[root]: vim-cmd vmsvc/getallvms")


def attack_esxi() -> Iterator[Line]:
    """The shell is opened, machines are switched off, and a program encrypts their disks."""
    enabled = (
        " [GenericCorrelator] 123456us: [vob.user.ssh.enabled] [esx.audit.ssh.enabled] SSH access has been enabled."
    )
    yield esxi(at("06:08:10"), "esx02", "vobd[1048811]", enabled)
    accepted = "Accepted keyboard-interactive/pam for root from 10.20.4.17 port 58470 ssh2"
    yield esxi(at("06:08:55"), "esx02", "sshd[2099100]", accepted)
    commands = (
        "esxcli system settings advanced set -o /User/execInstalledOnly -i 0",
        "esxcli vm process list",
        *(f"vim-cmd vmsvc/power.off {number}" for number in (11, 12, 14, 17, 18, 21)),
        "esxcli vm process kill --type=force --world-id=2101234",
        "chmod +x /tmp/enc",
        "nohup /tmp/enc --path /vmfs/volumes -p 50",
    )
    for number, command in enumerate(commands):
        yield esxi(at("06:09:20", number * 7), "esx02", "shell[2099134]", f"[root]: {command}")


# Backup: Veeam over syslog


def veeam(moment: datetime, event_id: int, user: str, description: str) -> Line:
    """One event of the backup server."""
    return moment, (
        f'<14>1 {iso(moment)} SRV-BKP01 Veeam_MP - - [origin enterpriseId="31023"] [categoryId=0 instanceId={event_id} '
        f'UserName="HOSP\\{user}" VbrHostName="srv-bkp01" Version="1" Description="{description}"]'
    )


def everyday_veeam(dice: random.Random) -> Iterator[Line]:
    """Jobs begin and end."""
    for number, moment in enumerate(morning(dice, 8)):
        job = ("PACS-daily", "Patient-record", "File-servers", "Laboratory")[number % 4]
        yield veeam(moment, 110, "svc_backup", f"Backup job '{job}' has been started.")
        yield veeam(moment + timedelta(minutes=11), 190, "svc_backup", f"Backup job '{job}' finished with Success.")


def attack_veeam() -> Iterator[Line]:
    """Whoever wants a ransom removes the backups first."""
    yield veeam(at("05:44:30"), 42401, "adm.legrand", "Four-eyes authorization has been disabled.")
    yield veeam(at("05:45:12"), 23090, "adm.legrand", "Job PACS-daily has been deleted.")
    yield veeam(at("05:46:03"), 28200, "adm.legrand", "Repository REPO-01 has been deleted.")


# Patients' portal: access log


def request(moment: datetime, address: str, what: str, status: int, agent: str) -> Line:
    """One request, in Apache's combined format with the virtual host in front, in local time."""
    stamp = moment.astimezone(PARIS).strftime("%d/%b/%Y:%H:%M:%S %z")
    size = 512 + len(what) * 37
    return moment, f'portal01:443 {address} - - [{stamp}] "{what} HTTP/1.1" {status} {size} "-" "{agent}"'


def everyday_portal(dice: random.Random) -> Iterator[Line]:
    """Patients look at results and appointments; robots look for what is not there."""
    browser = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    for moment in morning(dice, 80):
        address = f"198.51.100.{dice.randint(2, 250)}"
        if dice.random() < 0.05:
            yield request(moment, address, "GET /robots.txt", 404, "example-crawler/1.0")
        else:
            yield request(moment, address, f"GET {dice.choice(PORTAL_PAGES)}", 200, browser)


def attack_portal() -> Iterator[Line]:
    """A script lies in the folder where patients upload photographs, and answers."""
    for number in range(4):
        moment = at("04:47:20", number * 31)
        yield request(moment, "203.0.113.60", "POST /portal/uploads/2026/photo.php", 200, "Mozilla/5.0")


# A Linux server: syslog


def syslog(moment: datetime, program: str, message: str) -> Line:
    """One line as rsyslog writes it."""
    return (
        moment,
        f"{moment.astimezone(PARIS).isoformat(timespec='microseconds')} portal01 {program}: {message}",
    )


def everyday_syslog(dice: random.Random) -> Iterator[Line]:
    """Timers, an administrator, and the knocking at the door that every server hears."""
    for moment in morning(dice, 40):
        kind = dice.random()
        if kind < 0.5:
            yield syslog(moment, f"CRON[{dice.randint(900, 9999)}]", "(www-data) CMD (php /srv/portal/cron.php)")
        elif kind < 0.7:
            yield syslog(moment, "systemd[1]", "Finished logrotate.service - Rotate log files.")
        else:
            user, address = dice.choice(("admin", "test", "oracle")), f"198.51.100.{dice.randint(2, 250)}"
            yield syslog(moment, "sshd[812]", f"Failed password for invalid user {user} from {address} port 51122 ssh2")
    accepted = "Accepted publickey for it.admin from 10.20.1.5 port 50122 ssh2: ED25519 SHA256:example"
    yield syslog(at("06:31:00"), "sshd[913]", accepted)
    yield syslog(at("06:31:40"), "sudo", "it.admin : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/apt update")


def logs() -> dict[str, str]:
    """The text of every sample log by its name."""
    dice = random.Random(20261117)
    lines: dict[str, list[Line]] = {
        "windows-events.json": [*everyday_windows(dice), *attack_windows()],
        "file-server-samba.log": [*everyday_samba(dice), *attack_samba()],
        "imaging-archive-dicom.log": [*everyday_dicom(dice), *attack_dicom()],
        "hypervisor-esxi.log": [*everyday_esxi(dice), *attack_esxi()],
        "backup-veeam.log": [*everyday_veeam(dice), *attack_veeam()],
        "portal-apache-access.log": [*everyday_portal(dice), *attack_portal()],
        "portal-syslog.log": [*everyday_syslog(dice)],
    }
    return {name: "".join(f"{line}\n" for _, line in sorted(found)) for name, found in lines.items()}


def main(folder: Path) -> None:
    """Write the logs into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in logs().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
