import { describe, expect, it } from '@jest/globals';
import { hostProblem, isPublicAddress, isThisMachine } from '../../lib/core/address.ts';

describe('an address that everybody can reach', () => {
  it.each([
    ['1.1.1.1', true],
    ['8.8.8.8', true],
    ['9.255.255.255', true],
    ['11.0.0.0', true],
    ['100.63.255.255', true],
    ['100.128.0.0', true],
    ['172.15.255.255', true],
    ['172.32.0.0', true],
    ['198.17.255.255', true],
    ['198.20.0.0', true],
    ['223.255.255.255', true],
    ['0.0.0.0', false],
    ['10.0.0.1', false],
    ['10.255.255.255', false],
    ['100.64.0.0', false],
    ['100.100.100.200', false],
    ['100.127.255.255', false],
    ['127.0.0.1', false],
    ['127.255.255.254', false],
    ['168.63.129.16', false],
    ['169.254.169.254', false],
    ['172.16.0.0', false],
    ['172.31.255.255', false],
    ['192.0.0.192', false],
    ['192.0.2.1', false],
    ['192.168.0.1', false],
    ['198.18.0.1', false],
    ['198.19.255.255', false],
    ['203.0.113.1', false],
    ['224.0.0.1', false],
    ['240.0.0.1', false],
    ['255.255.255.255', false],
    ['2606:4700:4700::1111', true],
    ['2001:4860:4860::8888', true],
    ['[2a00:1450:4001::1]', true],
    ['::', false],
    ['::1', false],
    ['::ffff:1.1.1.1', false],
    ['::ffff:169.254.169.254', false],
    ['::ffff:7f00:1', false],
    ['64:ff9b::a9fe:a9fe', false],
    ['2001::1', false],
    ['2001:db8::1', false],
    ['2002:7f00:1::', false],
    ['3fff:fff::1', false],
    ['fc00::1', false],
    ['fd00:ec2::254', false],
    ['fe80::1', false],
    ['fe80::1%eth0', false],
    ['fec0::1', false],
    ['ff02::1', false],
    ['', false],
    ['example.com', false],
    ['1.2.3.4.5', false],
    ['nonsense:', false],
  ])('%s: %s', (address, expected) => {
    expect(isPublicAddress(address)).toBe(expected);
  });
});

describe('the host of a receiver', () => {
  const refused = 'must not be a private, link-local or otherwise special address';
  it.each([
    ['https://hooks.example.com/x', null],
    ['https://1.1.1.1/', null],
    ['https://[2606:4700:4700::1111]/', null],
    ['http://127.0.0.1:8080/', null],
    ['http://localhost:8080/', null],
    ['http://[::1]:8080/', null],
    ['https://169.254.169.254/latest/meta-data/', refused],
    ['https://0xa9fea9fe/', refused],
    ['https://2852039166/', refused],
    ['https://0251.0376.0251.0376/', refused],
    ['https://169.254.43518/', refused],
    ['https://169。254。169。254/', refused],
    ['https://169.254.169.254./', refused],
    ['https://[::ffff:169.254.169.254]/', refused],
    ['https://[fd00:ec2::254]/', refused],
    ['https://10.1.2.3/', refused],
    ['https://100.100.100.200/', refused],
    ['http://2130706433/', refused],
    ['http://0x7f.1/', refused],
    ['http://127.1/', refused],
    ['http://[::ffff:127.0.0.1]/', refused],
    ['https://user@127.0.0.1/', refused],
    ['https://0/', refused],
  ])('%s: %s', (url, problem) => {
    expect(hostProblem(url)).toBe(problem);
  });

  it.each([
    ['http://localhost', true],
    ['http://LOCALHOST:1/x', true],
    ['https://127.0.0.1/', true],
    ['http://localhost.example.com/', false],
    ['http://127.0.0.1.example.com/', false],
    ['http://127.0.0.1@example.com/', false],
    ['http://localhost@example.com/', false],
    ['http://localhost:x@example.com/', false],
    ['http://127.0.0.1:80@example.com/', false],
    ['http://example.com/#http://localhost', false],
  ])('%s is this machine: %s', (url, expected) => {
    expect(isThisMachine(url)).toBe(expected);
  });
});
