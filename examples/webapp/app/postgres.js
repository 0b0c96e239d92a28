'use strict';
// A small Postgres client: protocol 3, login by password (SCRAM-SHA-256, what
// Postgres asks for since version 14) and simple queries. Values in queries are
// the caller's to quote.
const crypto = require('node:crypto');
const net = require('node:net');

const hmac = (key, text) => crypto.createHmac('sha256', key).update(text).digest();
const sha256 = (data) => crypto.createHash('sha256').update(data).digest();

// message frames a body: type, length including itself, body.
function message(type, ...parts) {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
  const head = Buffer.alloc(type.length + 4);
  head.write(type);
  head.writeInt32BE(body.length + 4, type.length);
  return Buffer.concat([head, body]);
}

function int32(n) {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32BE(n);
  return buffer;
}

// scram answers the server's SCRAM-SHA-256 challenges (RFC 5802 and 7677).
function scram(password) {
  const nonce = crypto.randomBytes(18).toString('base64');
  const bare = `n=,r=${nonce}`;
  let expected;
  return {
    first: () => message('p', 'SCRAM-SHA-256\0', int32(bare.length + 3), `n,,${bare}`),
    answer(challenge) {
      const field = Object.fromEntries(challenge.split(',').map((pair) => [pair[0], pair.slice(2)]));
      if (!field.r.startsWith(nonce)) throw new Error('postgres: the login answer is not for this login');
      const salted = crypto.pbkdf2Sync(password, Buffer.from(field.s, 'base64'), Number(field.i), 32, 'sha256');
      const clientKey = hmac(salted, 'Client Key');
      const plain = `c=biws,r=${field.r}`;
      const proved = `${bare},${challenge},${plain}`;
      const signature = hmac(sha256(clientKey), proved);
      const proof = clientKey.map((byte, i) => byte ^ signature[i]).toString('base64');
      expected = hmac(hmac(salted, 'Server Key'), proved).toString('base64');
      return message('p', `${plain},p=${proof}`);
    },
    verify(final) {
      if (final !== `v=${expected}`) throw new Error('postgres: the server does not know the password');
    },
  };
}

// login answers one authentication request, or returns nothing when none is due.
function login(body, options, state) {
  const rest = body.subarray(4);
  switch (body.readInt32BE(0)) {
    case 0:
      return undefined;
    case 10:
      state.scram = scram(options.password);
      return state.scram.first();
    case 11:
      return state.scram.answer(rest.toString());
    case 12:
      state.scram.verify(rest.toString());
      return undefined;
    default:
      throw new Error('postgres: the server asks for a login this client does not know');
  }
}

// row decodes the text values of a data row.
function row(body) {
  const values = [];
  for (let at = 2; values.length < body.readInt16BE(0);) {
    const length = body.readInt32BE(at);
    at += 4;
    values.push(length < 0 ? null : body.toString('utf8', at, at + length));
    at += Math.max(0, length);
  }
  return values;
}

// failure is the message field of an error response.
function failure(body) {
  const text = body.toString().split('\0').find((field) => field[0] === 'M');
  return new Error(`postgres: ${text ? text.slice(1) : 'unknown error'}`);
}

// query opens a connection to options {host, user, password, database}, runs the
// statements and resolves to the rows, each an array of strings and nulls.
function query(options, sql) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(5432, options.host);
    const state = {};
    const rows = [];
    let received = Buffer.alloc(0);
    let asked = false;
    let error;
    const handle = {
      R: (body) => {
        const answer = login(body, options, state);
        if (answer) socket.write(answer);
      },
      D: (body) => rows.push(row(body)),
      E: (body) => {
        error = failure(body);
        if (!asked) throw error;
      },
      Z: () => {
        if (!asked) {
          asked = true;
          socket.write(message('Q', `${sql}\0`));
          return;
        }
        socket.end(message('X'));
        if (error) reject(error);
        else resolve(rows);
      },
    };
    socket.setTimeout(3000, () => socket.destroy(new Error(`postgres at ${options.host}: no answer`)));
    socket.on('error', reject);
    socket.on('end', () => reject(new Error(`postgres at ${options.host}: connection closed`)));
    socket.on('connect', () => {
      const settings = ['user', options.user, 'database', options.database].map((word) => `${word}\0`).join('');
      socket.write(message('', int32(196608), `${settings}\0`));
    });
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      try {
        while (received.length >= 5 && received.length > received.readInt32BE(1)) {
          const end = received.readInt32BE(1) + 1;
          const type = String.fromCharCode(received[0]);
          handle[type]?.(received.subarray(5, end));
          received = received.subarray(end);
        }
      } catch (err) {
        socket.destroy(err);
      }
    });
  });
}

module.exports = { query };
