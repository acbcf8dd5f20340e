import { createHash, createSign, generateKeyPairSync, X509Certificate } from 'node:crypto';

export interface KeyAndCertificate {
  readonly privateKey: string;
  readonly certificate: string;
  readonly publicKey: string;
  /** SHA-256 of the certificate in upper-case hex, as msal-node wants it. */
  readonly thumbprint: string;
}

/** One DER element: tag, length, contents. */
function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const body = Buffer.concat(contents);
  const length =
    body.length < 128 ? Buffer.from([body.length]) : Buffer.from([0x82, body.length >> 8, body.length & 255]);
  return Buffer.concat([Buffer.from([tag]), length, body]);
}

const SHA256_WITH_RSA = der(0x30, der(0x06, Buffer.from('2a864886f70d01010b', 'hex')), der(0x05));

function name(commonName: string): Buffer {
  const attribute = der(0x30, der(0x06, Buffer.from('550403', 'hex')), der(0x0c, Buffer.from(commonName)));
  return der(0x30, der(0x31, attribute));
}

function utcTime(text: string): Buffer {
  return der(0x17, Buffer.from(text));
}

/** A new RSA key with a self-signed certificate, written as DER because Node reads certificates but makes none. */
export function selfSigned(commonName: string): KeyAndCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const toBeSigned = der(
    0x30,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    SHA256_WITH_RSA,
    name(commonName),
    der(0x30, utcTime('240101000000Z'), utcTime('440101000000Z')),
    name(commonName),
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  const signature = createSign('sha256').update(toBeSigned).sign(privateKey);
  const raw = der(0x30, toBeSigned, SHA256_WITH_RSA, der(0x03, Buffer.from([0]), signature));
  return {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    certificate: new X509Certificate(raw).toString(),
    thumbprint: createHash('sha256').update(raw).digest('hex').toUpperCase(),
  };
}
