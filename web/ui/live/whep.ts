// Live pictures through a peer connection (WHEP): the least delay, for the one picture in focus.
import { csrfHeaders } from "../csrf.js";
import type { Loss, Player, PlayerEvents } from "./player.js";

const GATHERING_MS = 1000;
const FIRST_PICTURE_MS = 12000;
const STALLED_MS = 4000;
const PACE_MS = 1000;

export class WhepPlayer implements Player {
  #video: HTMLVideoElement;
  #events: PlayerEvents;
  #address: string;
  #connection = new RTCPeerConnection();
  #resource: string | null = null;
  #pulse = 0;
  #frames = 0;
  #movedAt = performance.now();
  #everMoved = false;
  #pathMs = 0;
  #serverMs: number | null = null;
  #stopped = false;

  constructor(video: HTMLVideoElement, camera: string, stream: string, events: PlayerEvents) {
    this.#video = video;
    this.#events = events;
    this.#address = `/live/${encodeURIComponent(camera)}/whep?stream=${stream}`;
    this.#connection.ontrack = (event) => this.#show(event);
    this.#connection.onconnectionstatechange = () => {
      if (this.#connection.connectionState === "failed") this.#lose("network");
    };
    this.#pulse = window.setInterval(() => void this.#watch(), PACE_MS);
    this.#negotiate().catch(() => this.#lose("network"));
  }

  delayMs(): number | null {
    return this.#serverMs === null || !this.#everMoved ? null : this.#serverMs + this.#pathMs;
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    clearInterval(this.#pulse);
    this.#connection.onconnectionstatechange = null;
    this.#connection.close();
    this.#video.srcObject = null;
    if (this.#resource) void fetch(this.#resource, { method: "DELETE", headers: csrfHeaders(), keepalive: true });
  }

  async #negotiate(): Promise<void> {
    this.#connection.addTransceiver("video", { direction: "recvonly" });
    await this.#connection.setLocalDescription();
    await gathered(this.#connection);
    const answer = await fetch(this.#address, {
      method: "POST",
      headers: { ...csrfHeaders(), "Content-Type": "application/sdp" },
      body: this.#connection.localDescription?.sdp ?? "",
    });
    if (!answer.ok) return this.#lose(reasonOf(answer.status));
    this.#resource = answer.headers.get("Location");
    if (this.#stopped) {
      if (this.#resource) void fetch(this.#resource, { method: "DELETE", headers: csrfHeaders() });
      return;
    }
    await this.#connection.setRemoteDescription({ type: "answer", sdp: await answer.text() });
  }

  #show(event: RTCTrackEvent): void {
    if ("jitterBufferTarget" in event.receiver) event.receiver.jitterBufferTarget = 0;
    this.#video.removeAttribute("src");
    this.#video.srcObject = event.streams[0] ?? new MediaStream([event.track]);
    this.#video.play().catch(() => undefined);
  }

  async #watch(): Promise<void> {
    const { frames, pathMs } = await received(this.#connection);
    if (this.#stopped) return;
    const now = performance.now();
    if (frames > this.#frames) {
      if (!this.#everMoved || now - this.#movedAt > STALLED_MS) this.#events.playing();
      this.#everMoved = true;
      this.#movedAt = now;
    }
    this.#frames = frames;
    this.#pathMs = pathMs;
    const silent = now - this.#movedAt;
    if (!this.#everMoved && silent > FIRST_PICTURE_MS) return this.#lose("network");
    if (silent > 5 * STALLED_MS) return this.#lose("network");
    if (this.#everMoved && silent > STALLED_MS) this.#events.waiting("stalled");
    else await this.#askServer();
  }

  async #askServer(): Promise<void> {
    if (!this.#resource) return;
    const answer = await fetch(this.#resource);
    if (answer.ok) this.#serverMs = ((await answer.json()) as { delay_ms: number | null }).delay_ms;
    else if (!this.#stopped) this.#lose(reasonOf(answer.status));
  }

  #lose(reason: Loss): void {
    if (this.#stopped) return;
    this.stop();
    this.#events.lost(reason);
  }
}

function reasonOf(status: number): Loss {
  if (status === 415) return "unsupported";
  return status === 401 || status === 403 ? "denied" : "network";
}

function gathered(connection: RTCPeerConnection): Promise<void> {
  return new Promise((resolve) => {
    const check = (): void => {
      if (connection.iceGatheringState === "complete") resolve();
    };
    connection.addEventListener("icegatheringstatechange", check);
    setTimeout(resolve, GATHERING_MS);
    check();
  });
}

/** Frames decoded so far, and the milliseconds from leaving the server to the screen over the whole time. */
async function received(connection: RTCPeerConnection): Promise<{ frames: number; pathMs: number }> {
  let frames = 0;
  let pathMs = 0;
  for (const report of (await connection.getStats()).values() as Iterable<Record<string, unknown>>) {
    if (report["type"] === "inbound-rtp") {
      frames = Number(report["framesDecoded"] ?? 0);
      pathMs += (Number(report["totalProcessingDelay"] ?? 0) * 1000) / Math.max(1, frames);
    }
    if (report["type"] === "candidate-pair" && report["nominated"]) {
      pathMs += Number(report["currentRoundTripTime"] ?? 0) * 500;
    }
  }
  return { frames, pathMs };
}
