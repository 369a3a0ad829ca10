"""Settings of a compute service; its data lies nowhere before it is started with folders of its own."""

from pathlib import Path

from services.compute.settings import Settings, load_settings

ENVIRON = {
    "AUTH_URL": "http://127.0.0.1:8042",
    "PROVIDER_URL": "http://127.0.0.1:8041",
    "SERVICE_SECRET": "a secret of compute",
    "COMPUTE_DATABASE_URL": "sqlite:////nonexistent/compute.sqlite",
    "COMPUTE_WORK_DIR": "/nonexistent/work",
}
SETTINGS: Settings = load_settings(ENVIRON)


def environ_in(folder: Path) -> dict[str, str]:
    """Variables of a service whose data lies in `folder`."""
    places = {
        "COMPUTE_DATABASE_URL": f"sqlite:///{folder}/compute.sqlite",
        "COMPUTE_WORK_DIR": str(folder / "work"),
    }
    return {**ENVIRON, **places}
