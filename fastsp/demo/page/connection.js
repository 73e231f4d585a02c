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
    const socket = new WebSocket(`ws://${location.host}/live`);
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => {
      this.wait = SOONEST;
      this.onMessage(decode(data));
    };
    socket.onclose = ({ reason }) => {
      this.onState("lost", reason || "connection lost, trying again");
      setTimeout(() => this.open(), this.wait);
      this.wait = Math.min(2 * this.wait, LATEST);
    };
    this.socket = socket;
  }

  send(kind, fields, arrays) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(encode(kind, fields, arrays));
  }
}
