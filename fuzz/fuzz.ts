import { WebSocket } from 'ws';
import { Random } from '../src/simulator/random.ts';
import { answerableId, faultyText } from './mutations.ts';

export interface FuzzOptions {
  /** `ws://host:port` */
  url: string;
  frames: number;
  seed: number;
  /** Stations that send faulty frames. */
  stations?: number;
  onProgress?: (frames: number) => void;
}

export interface FuzzResult {
  frames: number;
  /** Of these, what had an id that an answer can carry. */
  answerable: number;
  /** CALLRESULTs and CALLERRORs that came. */
  results: number;
  errors: number;
  /** Texts that were never answered though they had an id. */
  unanswered: string[];
  /** Answers that are no OCPP-J frame, or answer nothing that was asked. */
  wrong: string[];
  /** Sockets that the server closed. */
  closed: string[];
  /** Of Heartbeats of a station that behaves, meanwhile. */
  latencies: number[];
}

/** Frames on their way, of one station. */
const WINDOW = 50;
const ANSWER_MS = 30_000;

/** Sends faulty frames from some stations while another one, which behaves, measures what it notices of it. */
export async function fuzz({ url, frames, seed, stations = 4, onProgress }: FuzzOptions): Promise<FuzzResult> {
  const result: FuzzResult = {
    frames: 0,
    answerable: 0,
    results: 0,
    errors: 0,
    unanswered: [],
    wrong: [],
    closed: [],
    latencies: [],
  };
  const over = new AbortController();
  const quiet = beat(url, result, over.signal);
  const share = Math.ceil(frames / stations);
  const odd = Array.from({ length: stations }, (_, i) => talk(url, i, share, seed + i, result, onProgress));
  await Promise.all(odd).finally(() => over.abort());
  await quiet;
  return result;
}

async function talk(
  url: string,
  index: number,
  frames: number,
  seed: number,
  result: FuzzResult,
  onProgress: FuzzOptions['onProgress'],
): Promise<void> {
  const random = new Random(seed);
  const waiting = new Map<string, string>();
  const seen = new Set<string>();
  let wake = () => {};
  const socket = await open(`${url}/FUZZ-${index}`, (text) => {
    const id = readAnswer(text, result);
    if (id !== undefined && !waiting.delete(id) && !seen.has(id)) result.wrong.push(text.slice(0, 300));
    wake();
  });
  socket.on('close', (code, reason) => {
    if (code !== 1000 && code !== 1005) result.closed.push(`FUZZ-${index}: ${code} ${reason.toString()}`);
    wake();
  });
  const room = async (most: number) => {
    const until = Date.now() + ANSWER_MS;
    while (waiting.size > most && socket.readyState === WebSocket.OPEN && Date.now() < until) {
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, 100);
      });
    }
  };
  for (let i = 0; i < frames && socket.readyState === WebSocket.OPEN; i++) {
    const text = faultyText(random, `${index}-${i}`);
    const id = answerableId(text);
    if (id !== undefined) {
      result.answerable += 1;
      // A fault may make one id of two: then one answer is enough.
      if (!seen.has(id)) waiting.set(id, text);
      seen.add(id);
    }
    socket.send(text);
    result.frames += 1;
    if (result.frames % 1_000 === 0) onProgress?.(result.frames);
    await room(WINDOW);
  }
  await room(0);
  result.unanswered.push(...[...waiting.values()].map((text) => text.slice(0, 300)));
  socket.close(1000);
}

/** Returns the id it answers. */
function readAnswer(text: string, result: FuzzResult): string | undefined {
  try {
    const frame = JSON.parse(text) as unknown[];
    if (frame[0] === 3 && frame.length === 3) result.results += 1;
    else if (frame[0] === 4 && frame.length === 5) result.errors += 1;
    else throw new TypeError('neither CALLRESULT nor CALLERROR');
    return String(frame[1]);
  } catch {
    result.wrong.push(text.slice(0, 300));
    return undefined;
  }
}

async function beat(url: string, { latencies }: FuzzResult, over: AbortSignal): Promise<void> {
  let answered = () => {};
  const socket = await open(`${url}/QUIET`, () => answered());
  for (let i = 0; !over.aborted; i++) {
    const began = performance.now();
    const answer = new Promise<void>((resolve) => (answered = resolve));
    socket.send(JSON.stringify([2, `beat-${i}`, 'Heartbeat', {}]));
    await answer;
    latencies.push(performance.now() - began);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  socket.close();
}

function open(url: string, onText: (text: string) => void): Promise<WebSocket> {
  const socket = new WebSocket(url, ['ocpp1.6'], { perMessageDeflate: false });
  socket.on('message', (data: Buffer) => onText(data.toString()));
  return new Promise((resolve, reject) => {
    socket.on('open', () => resolve(socket));
    socket.on('error', reject);
  });
}
