import test from 'ava';
import { digestAuthorization } from './digest.ts';

/** RFC 7616, 3.9.1. */
const request = {
  user: 'Mufasa',
  password: 'Circle of Life',
  method: 'GET',
  uri: '/dir/index.html',
  cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
};
const challenge = (algorithm: string) =>
  `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`;

test('the answers of RFC 7616’s own example', (t) => {
  const answers = ['MD5', 'SHA-256'].map(
    (algorithm) => /response="(\w+)"/.exec(digestAuthorization(challenge(algorithm), request) ?? '')?.[1],
  );
  t.deepEqual(answers, ['8ca523f5e9506fed4657c9700eebdbec', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1']);
  t.is(
    digestAuthorization(challenge('SHA-256'), request),
    'Digest username="Mufasa", realm="http-auth@example.org", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", uri="/dir/index.html", ' +
      'response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1", cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", ' +
      'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS", algorithm=SHA-256, qop=auth, nc=00000001',
  );
});

test('a challenge of another kind is not answered', (t) => {
  t.is(digestAuthorization('Basic realm="x"', request), undefined);
  t.is(digestAuthorization(challenge('SHA-512-256'), request), undefined);
  t.is(digestAuthorization('Digest realm="x", nonce="y"', request), undefined, 'no qop: RFC 2069');
});
