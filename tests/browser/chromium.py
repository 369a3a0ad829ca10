"""A headless Chromium with a wallet in it, and what it complained about."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from libs.signing.keys import PrivateKey
from libs.signing.personal import sign_personal

SECONDS = 30
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-dev-shm-usage", "--window-size=1000,900"),
)
# As wallets do: asked in the page, answered outside of it (here: by `Chromium.sign_when_asked`).
WALLET = """
window.ethereum = {
  isTidegateTest: true,
  request({ method, params }) {
    if (method === "eth_requestAccounts") return Promise.resolve(["ADDRESS"]);
    if (method === "eth_chainId") return Promise.resolve("CHAIN");
    if (method !== "personal_sign") return Promise.reject(new Error(method));
    return new Promise((resolve, reject) => { window.asked = { text: params[0], resolve, reject }; });
  },
};
"""


class ChromiumMissing(Exception):
    """No usable Chromium on this machine."""


class Chromium:
    def __init__(self, driver: webdriver.Chrome, site: str) -> None:
        self.driver = driver
        self._site = site
        self.complaints: list[str] = []

    def open(self, path: str) -> None:
        self.driver.get(self._site + path if path.startswith("/") else path)
        self.listen()

    def listen(self) -> None:
        """Take over what the console said: errors, and everything that a policy stopped."""
        self.complaints += [
            entry["message"]
            for entry in self.driver.get_log("browser")
            if entry["level"] == "SEVERE" or "Content Security Policy" in entry["message"]
        ]

    @property
    def path(self) -> str:
        return str(self.driver.current_url).removeprefix(self._site).partition("?")[0]

    @property
    def text(self) -> str:
        return str(self.driver.find_element(By.TAG_NAME, "main").text)

    def wait_for_text(self, text: str) -> None:
        WebDriverWait(self.driver, SECONDS).until(lambda driver: text in driver.page_source, text)
        self.listen()

    def wait_for_address(self, start: str) -> str:
        WebDriverWait(self.driver, SECONDS).until(
            lambda driver: driver.current_url.startswith(start), f"{start}, not {self.driver.current_url}"
        )
        self.listen()
        return str(self.driver.current_url)

    def fill(self, **values: str) -> None:
        for name, value in values.items():
            field = self.driver.find_element(By.NAME, name)
            field.clear()
            field.send_keys(value)

    def press(self, label: str) -> None:
        self.driver.find_element(By.XPATH, f"//main//button[normalize-space()='{label}']").click()

    def sign_in(self, username: str, password: str) -> None:
        self.fill(username=username, password=password)
        self.driver.find_element(By.XPATH, "//form[@action='/login']//button").click()

    def add_wallet(self, key: PrivateKey, chain_id: int) -> None:
        """To every page opened from now on."""
        source = WALLET.replace("ADDRESS", key.address).replace("CHAIN", hex(chain_id))
        self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": source})

    def sign_when_asked(self, key: PrivateKey) -> str:
        """What the owner of the wallet does; the text that was signed."""
        wait = WebDriverWait(self.driver, SECONDS)
        text = wait.until(lambda driver: driver.execute_script("return window.asked && window.asked.text"))
        signed = bytes.fromhex(text.removeprefix("0x")).decode()
        self.driver.execute_script("window.asked.resolve(arguments[0])", sign_personal(signed, key))
        return signed

    def refuse_when_asked(self) -> None:
        wait = WebDriverWait(self.driver, SECONDS)
        wait.until(lambda driver: driver.execute_script("return !!window.asked"))
        self.driver.execute_script("window.asked.reject(new Error('the user said no'))")

    def picture(self, path: Path) -> None:
        path.write_bytes(self.driver.get_screenshot_as_png())


@contextlib.contextmanager
def chromium(site: str, folder: Path, *, scripts: bool = True) -> Iterator[Chromium]:
    """A browser with a profile of its own. Raises ChromiumMissing."""
    program, driver_program = shutil.which("chromium"), shutil.which("chromedriver")
    if program is None or driver_program is None:
        raise ChromiumMissing(
            "Install it with scripts/setup/browser.sh (apt-get install chromium chromium-driver)."
        )
    options = Options()
    options.binary_location = program
    for flag in (*FLAGS, f"--user-data-dir={folder / 'profile'}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    if not scripts:
        options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    driver = webdriver.Chrome(options=options, service=Service(driver_program))
    try:
        yield Chromium(driver, site)
    finally:
        driver.quit()
