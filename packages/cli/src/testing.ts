export * from '@lite-streams/core/testing';
