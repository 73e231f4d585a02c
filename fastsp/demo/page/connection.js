// A WebSocket that comes back: after a loss it tries again, at first soon and then less often.

import { decode, encode } from "./protocol.js";

const SOONEST = 300, LATEST = 5000; // milliseconds

export class Connection {
  constructor({ onMessage, onState }) {
    this.onMessage = onMessage;
    this.onState = onState;
    this.wait = SOONEST;
    this.open();
  }

  open() {
    // Beside the page, wherever a proxy put it.
    const url = new URL("live", location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = new WebSocket(url);
    let isGreeted = false;
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => {
      isGreeted = true;
      this.wait = SOONEST;
      this.onMessage(decode(data));
    };
    socket.onclose = ({ reason }) => {
      this.onState("lost", reason || "connection lost, trying again");
      if (!isGreeted) this.ask();
      setTimeout(() => this.open(), this.wait);
      this.wait = Math.min(2 * this.wait, LATEST);
    };
    this.socket = socket;
  }

  // A WebSocket that is refused does not say why; a request with an Origin, as it has, does.
  async ask() {
    const answer = await fetch("live", { method: "POST" }).catch(() => null);
    if (answer?.status === 403) this.onState("lost", await answer.text());
  }

  send(kind, fields, arrays) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(encode(kind, fields, arrays));
  }
}
