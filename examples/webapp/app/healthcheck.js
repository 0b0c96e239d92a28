'use strict';
// Exit code 0 when the server of this container answers that it is well.
const http = require('node:http');

const request = http.get({ host: '127.0.0.1', port: 3000, path: '/healthz', timeout: 4000 }, (answer) => {
  answer.resume();
  if (answer.statusCode !== 200) console.error(`status ${answer.statusCode}`);
  process.exitCode = answer.statusCode === 200 ? 0 : 1;
});
request.on('timeout', () => request.destroy(new Error('no answer within 4 s')));
request.on('error', (err) => {
  console.error(err.message);
  process.exitCode = 1;
});
