// The wallet button: asks our own service for a text, has the wallet sign it, sends both with the form.
// Without this script (or without a wallet) the button leads to a page where text and signature are pasted.
"use strict";

(() => {
  const form = document.getElementById("wallet");
  const answer = document.getElementById("wallet-answer");
  const note = document.getElementById("wallet-note");
  if (!form || !answer) return;

  const hex = (text) =>
    "0x" + Array.from(new TextEncoder().encode(text), (byte) => byte.toString(16).padStart(2, "0")).join("");

  async function signIn(wallet) {
    const [address] = await wallet.request({ method: "eth_requestAccounts" });
    const chainId = await wallet.request({ method: "eth_chainId" });
    const query = new URLSearchParams({ address, chain_id: String(Number(chainId)) });
    const reply = await fetch("/tidegate/v1/siwe/challenge?" + query, { cache: "no-store" });
    if (!reply.ok) throw new Error("no text to sign");
    const { message } = await reply.json();
    const signature = await wallet.request({ method: "personal_sign", params: [hex(message), address] });
    answer.elements.message.value = message;
    answer.elements.signature.value = signature;
    answer.submit();
  }

  form.addEventListener("submit", (event) => {
    if (!window.ethereum) return; // the form itself leads to the page without script
    event.preventDefault();
    note.textContent = "Your wallet asks you to sign a text.";
    signIn(window.ethereum).catch(() => {
      note.textContent = "The wallet did not sign. Try again when you are ready.";
    });
  });
})();
