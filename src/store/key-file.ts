import { mkdir, open, readFile } from "node:fs/promises";
import { join } from "node:path";

const fileName = "secret.key";
const keyBytes = 32;

/**
 * The sealing key of a single process: made on first start, readable by its owner only (0600). Several processes need
 * FAULTLINE_SECRET instead, since each has a folder of its own.
 * @throws when the folder cannot be written or the file holds no key; the message says what to do
 */
export async function readOrMakeKeyFile(dataDir: string, random: (bytes: number) => Buffer): Promise<string> {
  const path = join(dataDir, fileName);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  try {
    // Fails when the file is there: of two processes starting at once one makes the key, the other reads it.
    const file = await open(path, "wx", 0o600);
    try {
      await file.writeFile(`${random(keyBytes).toString("base64")}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
  const key = (await readFile(path, "utf8")).trim();
  if (Buffer.from(key, "base64").length === keyBytes) return key;
  throw new Error(
    `expected a key of ${keyBytes} bytes in ${path}, got something else. Fix: remove the file (pending diagnoses lose their private fields), or set FAULTLINE_SECRET.`,
  );
}
