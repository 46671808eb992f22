// Opens a file of tensors of either format, told by its content.
import { UsageError } from '../util/errors.js';
import { OpenFile } from './openFile.js';
import { PthFile } from './pth/pthFile.js';
import { SafetensorsFile } from './safetensors.js';

/** How many bytes tell the formats apart: a tar archive has its name farthest in. */
const headBytes = 262;

/** The format of a file by its first bytes. */
function formatOf(head: Buffer): 'safetensors' | 'pth' | undefined {
  const headerLength = head.length >= 9 ? head.readBigUInt64LE() : 0n;
  if (head[8] === 0x7b && headerLength < 1n << 32n) return 'safetensors'; // a header of JSON begins with a brace
  if (head.toString('latin1', 0, 2) === 'PK' || head[0] === 0x80) return 'pth'; // a zip archive, a pickle
  return head.toString('latin1', 257, 262) === 'ustar' ? 'pth' : undefined; // PyTorch before 0.1.12, refused there
}

/**
 * Opens a safetensors file, or one of `torch.save`; its content decides, its name only where the content says nothing.
 * @throws UsageError where it is neither, damaged, or holds more than tensors and plain data
 */
export function openWeightsFile(path: string): SafetensorsFile | PthFile {
  const head = Buffer.alloc(headBytes);
  let length = 0;
  {
    using file = new OpenFile(path);
    length = Math.min(file.size, headBytes);
    file.readInto(head.subarray(0, length), 0);
  }
  const format = formatOf(head.subarray(0, length)) ?? (path.endsWith('.safetensors') ? 'safetensors' : undefined);
  if (format === 'pth') return new PthFile(path);
  if (format === 'safetensors') return new SafetensorsFile(path);
  throw new UsageError(
    `${path}: expected a safetensors file or one of torch.save, found neither (${length} bytes looked at); fetch it again`,
  );
}
