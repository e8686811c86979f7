import test from 'ava';
import { nearest } from './nearest.ts';

test('a misspelt word finds the name that was meant', (t) => {
  const names = ['environment', 'dbus', 'tmp', 'time', 'storage', 'rollback'];
  t.is(nearest('stroage', names), 'storage');
  t.is(nearest('TIME', names), 'time');
  t.is(nearest('dbu', names), 'dbus');
});

test('a word that is far from all of them finds none', (t) => {
  t.is(nearest('bluetooth', ['dbus', 'tmp']), undefined);
  t.is(nearest('', ['dbus']), undefined);
});
