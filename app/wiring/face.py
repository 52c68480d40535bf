"""The face in the tray, joined with the settings that are in force."""

from app.tray.face import TrayFace
from app.tray.icon import open_icon
from app.tray.notices import Wanted
from app.wiring.build import Bench
from app.wiring.current import Current


def tray_face(bench: Bench) -> TrayFace:
    """Return the face for a computer with a desktop."""
    return TrayFace(
        open_icon,
        lambda: bench.log.path,
        wanted=lambda: _notices(bench.current),
        greet=not bench.current.config.set_up,
    )


def _notices(current: Current) -> Wanted:
    config = current.config
    return Wanted(
        connected=config.notify_connected,
        refused=config.notify_refused,
        failures=config.notify_failures,
        disk_low=config.notify_disk_low,
    )
