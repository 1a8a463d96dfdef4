// One TLS port for every name of the test: kring.test goes on to Kring in the clear, as a proxy does it; other names go on to
// a port or are answered here. What this process asks of *.test comes to the same port, with names and certificates checked.
import http from "node:http";
import https from "node:https";
import { readFileSync } from "node:fs";
import nodeTls from "node:tls";

const folder = process.env.LIVE_CERTS;
export const port = Number(process.env.LIVE_PORT);
const upstream = Number(process.env.KRING_PORT);
const names = new Map([["kring.test", upstream]]);
/** What came in over TLS: { name, method, path, signed, status }. */
export const seen = [];

const connect = nodeTls.connect;
nodeTls.connect = function (...args) {
  const [options] = args;
  if (typeof options === "object" && /\.test$/.test(options.servername ?? options.host ?? "")) {
    args[0] = { ...options, servername: options.servername ?? options.host, host: "127.0.0.1", port };
  }
  return connect.apply(this, args);
};

/** Answers a name with a function from Request to Response, or with what a port answers. */
export function answer(name, handler) {
  names.set(name, handler);
}

/** Answers a name by the bare request and response, where an answer is to be as no decent library makes it. */
export function answerRaw(name, raw) {
  names.set(name, { raw });
}

const context = (name) =>
  nodeTls.createSecureContext({ key: readFileSync(`${folder}/${name}.key`), cert: readFileSync(`${folder}/${name}.crt`) });

/** "rfc9421", "cavage" or "none". */
export function signatureOf(headers) {
  if (headers["signature-input"]) return "rfc9421";
  return headers.signature ? "cavage" : "none";
}

async function serve(request, response) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const name = (request.headers.host ?? "").toLowerCase();
  const note = { name, method: request.method, path: request.url, signed: signatureOf(request.headers) };
  seen.push(note);
  response.on("finish", () => (note.status = response.statusCode));
  if (name !== request.socket.servername) {
    response.writeHead(421).end();
    return;
  }
  const handler = names.get(name);
  if (!handler) return response.writeHead(404).end();
  if (typeof handler === "number") return pass(request, response, body, handler);
  if (handler.raw) return handler.raw(request, response, body);
  const init = { method: request.method, headers: new Headers() };
  for (const [key, value] of Object.entries(request.headers)) init.headers.set(key, String(value));
  if (body.length) init.body = body;
  try {
    const result = await handler(new Request(`https://${name}${request.url}`, init));
    response.writeHead(result.status, Object.fromEntries(result.headers));
    response.end(Buffer.from(await result.arrayBuffer()));
  } catch (error) {
    console.error(`${name}${request.url}:`, error);
    response.writeHead(500).end();
  }
}

function pass(request, response, body, to) {
  const headers = { ...request.headers, "x-forwarded-for": "192.0.2.7", "x-forwarded-proto": "https" };
  const ask = http.request({ host: "127.0.0.1", port: to, method: request.method, path: request.url, headers }, (answer) => {
    response.writeHead(answer.statusCode, answer.rawHeaders);
    answer.pipe(response);
  });
  ask.on("error", () => response.headersSent || response.writeHead(502).end());
  ask.end(body);
}

/** Listens; the promise of the server. */
export function listen() {
  const options = {
    SNICallback: (name, done) => {
      try {
        done(null, context(name));
      } catch (error) {
        done(error);
      }
    },
    key: readFileSync(`${folder}/kring.test.key`),
    cert: readFileSync(`${folder}/kring.test.crt`),
  };
  return new Promise((done) => {
    const server = https.createServer(options, serve).listen(port, "127.0.0.1", () => done(server));
  });
}
