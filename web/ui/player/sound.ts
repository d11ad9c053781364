// Whether a video has sound: browsers tell it each in its own way, and some only once it has been decoded.

interface Telling {
  webkitAudioDecodedByteCount?: number;
  mozHasAudio?: boolean;
  audioTracks?: { length: number };
}

export function hasSound(video: HTMLVideoElement): boolean {
  const { webkitAudioDecodedByteCount, mozHasAudio, audioTracks } = video as Telling;
  return Boolean(webkitAudioDecodedByteCount) || mozHasAudio === true || Boolean(audioTracks?.length);
}
