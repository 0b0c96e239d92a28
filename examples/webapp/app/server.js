'use strict';
// Counts each visit, for good in Postgres and until the next restart in Redis.
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const postgres = require('./postgres');
const redis = require('./redis');

const cache = process.env.REDIS_HOST || 'cache';
const database = {
  host: process.env.DB_HOST || 'db',
  user: process.env.DB_USER || 'app',
  database: process.env.DB_NAME || 'shop',
  password: fs.readFileSync(process.env.DB_PASSWORD_FILE || '/run/secrets/db_password', 'utf8').trim(),
};

async function visit() {
  const [rows, sinceRestart] = await Promise.all([
    postgres.query(database, 'INSERT INTO visits DEFAULT VALUES; SELECT count(*) FROM visits'),
    redis.command(cache, 'INCR', 'visits'),
  ]);
  return { visits: Number(rows[0][0]), cached_visits: sinceRestart, served_by: os.hostname() };
}

async function health() {
  await Promise.all([postgres.query(database, 'SELECT 1'), redis.command(cache, 'PING')]);
  return { status: 'ok' };
}

const routes = { '/': visit, '/healthz': health };

const server = http.createServer(async (request, answer) => {
  const route = routes[request.url];
  let status = 200;
  let body;
  try {
    if (route) body = await route();
    else [status, body] = [404, { error: 'not found' }];
  } catch (err) {
    console.error(`${request.url}: ${err.message}`);
    [status, body] = [503, { error: err.message }];
  }
  answer.writeHead(status, { 'Content-Type': 'application/json' });
  answer.end(`${JSON.stringify(body)}\n`);
});

async function main() {
  await postgres.query(database, 'CREATE TABLE IF NOT EXISTS visits (id bigserial PRIMARY KEY, at timestamptz DEFAULT now())');
  server.listen(3000, () => console.log('listening on port 3000'));
}

// Node as a container's first process gets no default action for signals.
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => {
    console.log('stopping');
    server.close(() => process.exit(0));
    server.closeIdleConnections();
  });
}

main().catch((err) => {
  console.error(err.message);
  process.exit(1);
});
