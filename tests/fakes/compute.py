"""Settings of a compute service that is never started."""

from services.compute.settings import Settings, load_settings

ENVIRON = {"AUTH_URL": "http://127.0.0.1:8042", "SERVICE_SECRET": "a secret of compute"}
SETTINGS: Settings = load_settings(ENVIRON)
