export * from '@lite-streams/core';
export * from '@lite-streams/workers';
