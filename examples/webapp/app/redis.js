'use strict';
// The little of Redis's protocol (RESP2) that a counter needs.
const net = require('node:net');

// command opens a connection, sends one command and resolves to its answer:
// a string, or a number for an integer.
function command(host, ...words) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(6379, host);
    let received = '';
    socket.setEncoding('utf8');
    socket.setTimeout(3000, () => socket.destroy(new Error(`redis at ${host}: no answer`)));
    socket.on('error', reject);
    socket.on('end', () => reject(new Error(`redis at ${host}: connection closed`)));
    socket.on('connect', () => {
      const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
      socket.write(`*${words.length}\r\n${parts.join('')}`);
    });
    socket.on('data', (chunk) => {
      received += chunk;
      const end = received.indexOf('\r\n');
      if (end < 0) return;
      const line = received.slice(1, end);
      socket.destroy();
      if (received[0] === '-') reject(new Error(`redis: ${line}`));
      else if (received[0] === ':') resolve(Number(line));
      else resolve(line);
    });
  });
}

module.exports = { command };
