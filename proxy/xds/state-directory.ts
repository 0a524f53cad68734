import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Where a sidecar keeps what it needs to start without control plane and token: its identity and its last good
 * configuration. The directory is its owner's alone (0700), and so is each file (0600).
 *
 * A file is either the old one or the new one, whole, whenever the process or the machine stops: it is written
 * beside, synced, renamed, and the directory synced.
 */
export class StateDirectory {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Makes it where it is missing. Throws what the file system says, which names the path. */
  static async open(path: string): Promise<StateDirectory> {
    await mkdir(path, { recursive: true, mode: 0o700 });
    // An existing directory keeps its mode on mkdir, and a private key is going to lie in it.
    await chmod(path, 0o700);
    return new StateDirectory(path);
  }

  async write(name: string, content: string | Buffer): Promise<void> {
    const temporary = join(this.path, `.${name}.${randomBytes(6).toString('hex')}`);
    try {
      const file = await open(temporary, 'wx', 0o600);
      try {
        await file.writeFile(content);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, join(this.path, name));
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await this.#sync();
  }

  /** Null when there is no such file. Throws for one larger than `maxBytes`, and for a symbolic link. */
  async read(name: string, maxBytes: number): Promise<Buffer | null> {
    let file: Awaited<ReturnType<typeof open>>;
    try {
      file = await open(join(this.path, name), constants.O_RDONLY | constants.O_NOFOLLOW);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
    try {
      const { size } = await file.stat();
      if (size > maxBytes) throw new Error(`${join(this.path, name)} has ${size} bytes; at most ${maxBytes} are read`);
      return await file.readFile();
    } finally {
      await file.close();
    }
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.path, name), { force: true });
    await this.#sync();
  }

  /** Makes a rename last. Some file systems cannot sync a directory; the file itself is synced then all the same. */
  async #sync(): Promise<void> {
    const directory = await open(this.path, constants.O_RDONLY);
    try {
      await directory.sync();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
    } finally {
      await directory.close();
    }
  }
}
