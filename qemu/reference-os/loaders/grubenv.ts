/** GRUB's environment block: 1,024 bytes, a signature line, NAME=VALUE lines, filled up with `#` (GRUB manual, “environment block”). */
export const environmentBlockBytes = 1024;
const signature = '# GRUB Environment Block\n';

/** Throws RangeError if the variables don't fit, TypeError for a name or a value that the format can't hold. */
export function encodeEnvironmentBlock(variables: Readonly<Record<string, string>>): Buffer {
  const lines = Object.entries(variables).map(([name, value]) => {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/u.test(name)) throw new TypeError(`not a GRUB variable's name: ${JSON.stringify(name)}`);
    if (/[\n\\]/u.test(value)) throw new TypeError(`GRUB's variable ${name} can't hold ${JSON.stringify(value)}`);
    return `${name}=${value}\n`;
  });
  const text = Buffer.from(signature + lines.join(''), 'utf8');
  if (text.length > environmentBlockBytes) throw new RangeError(`the variables take ${text.length} of ${environmentBlockBytes} bytes`);
  return Buffer.concat([text, Buffer.alloc(environmentBlockBytes - text.length, '#')]);
}

/** Throws TypeError if the bytes are not an environment block. */
export function parseEnvironmentBlock(block: Buffer): Record<string, string> {
  const text = block.toString('utf8');
  if (block.length !== environmentBlockBytes || !text.startsWith(signature)) {
    throw new TypeError(`not a GRUB environment block: ${block.length} bytes beginning with ${JSON.stringify(text.slice(0, 32))}`);
  }
  const variables: Record<string, string> = {};
  for (const line of text.slice(signature.length).split('\n')) {
    const equals = line.indexOf('=');
    if (equals > 0 && !line.startsWith('#')) variables[line.slice(0, equals)] = line.slice(equals + 1);
  }
  return variables;
}
