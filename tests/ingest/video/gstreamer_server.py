"""An RTSP camera by GStreamer, run with the system's Python (`/usr/bin/python3`), which has the bindings."""

import argparse
import signal

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

ENCODERS = {
    "h264": "x264enc tune=zerolatency speed-preset=ultrafast key-int-max={gop} bitrate={kbps} {extra} ! rtph264pay",
    "hevc": "x265enc tune=zerolatency speed-preset=ultrafast key-int-max={gop} bitrate={kbps} ! rtph265pay",
}
SOUNDS = {
    "aac": "audio/x-raw,rate=16000,channels=1 ! voaacenc ! aacparse ! rtpmp4gpay name=pay1 pt=97",
    "pcma": "audio/x-raw,rate=8000,channels=1 ! alawenc ! rtppcmapay name=pay1 pt=8",
}
SOURCE = (
    "videotestsrc is-live=true pattern={pattern} animation-mode=frames"
    " ! video/x-raw,width={width},height={height},framerate={fps}/1,format=I420"
)


def main() -> None:
    options = _options()
    Gst.init(None)
    server = GstRtspServer.RTSPServer.new()
    server.set_address("127.0.0.1")
    server.set_service(str(options.port))
    server.get_mount_points().add_factory("/main", _factory(options, options.width, options.height, options.kbps))
    server.get_mount_points().add_factory("/sub", _factory(options, options.width // 2, options.height // 2, 200))
    if not server.attach(None):
        raise SystemExit(f"port {options.port} is taken")
    loop = GLib.MainLoop()
    signal.signal(signal.SIGTERM, lambda *_: loop.quit())
    GLib.timeout_add(100, lambda: True)  # lets Python see the signal
    print(server.get_bound_port(), flush=True)
    loop.run()


def _factory(options: argparse.Namespace, width: int, height: int, kbps: int) -> GstRtspServer.RTSPMediaFactory:
    source = SOURCE.format(pattern=options.pattern, width=width, height=height, fps=options.fps)
    extra = "option-string=keyint=infinite" if options.gop > 10_000 else ""
    if options.b_frames:
        extra = f"tune=0 bframes={options.b_frames} rc-lookahead=0"
    encoder = ENCODERS[options.codec].format(gop=options.gop, kbps=kbps, extra=extra)
    factory = GstRtspServer.RTSPMediaFactory.new()
    sound = f"audiotestsrc is-live=true wave=ticks ! {SOUNDS[options.ticks]}" if options.ticks else ""
    factory.set_launch(f"( {source} ! {encoder} name=pay0 pt=96 config-interval=1 {sound} )")
    factory.set_shared(True)
    return factory


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--codec", choices=sorted(ENCODERS), default="h264")
    parser.add_argument("--ticks", choices=sorted(SOUNDS))
    parser.add_argument("--pattern", default="ball")
    for name, default in (("width", 320), ("height", 240), ("fps", 25), ("gop", 25), ("kbps", 400), ("b-frames", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    return parser.parse_args()


if __name__ == "__main__":
    main()
