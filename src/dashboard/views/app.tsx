/** The whole screen. */
import { Box } from 'ink';
import type { ReactElement } from 'react';
import { layoutOf } from '../../model/layout.ts';
import { type Model, topOverlay } from '../../model/model.ts';
import { Banner, Foot, Strip, Tabs, Title } from './frame.tsx';
import { List } from './list.tsx';
import { Logs } from './logs.tsx';
import { OverlayPage } from './overlay.tsx';
import type { Theme } from './theme.ts';

interface AppProps {
  readonly model: Model;
  readonly theme: Theme;
}

export function App({ model, theme }: AppProps): ReactElement {
  const overlay = topOverlay(model);
  return (
    <Box flexDirection="column" width={model.columns} height={model.rows}>
      <Title model={model} theme={theme} />
      <Tabs model={model} theme={theme} />
      <Banner model={model} theme={theme} />
      {overlay === undefined || overlay.kind === 'filter' ? (
        <View model={model} theme={theme} />
      ) : (
        <OverlayPage model={model} overlay={overlay} theme={theme} />
      )}
      <Foot model={model} theme={theme} />
    </Box>
  );
}

function View({ model, theme }: AppProps): ReactElement {
  const { view } = model;
  return (
    <>
      {view === 'logs' ? <Logs model={model} theme={theme} /> : <List model={model} view={view} theme={theme} />}
      {layoutOf(model).strip > 0 ? <Strip model={model} theme={theme} /> : null}
    </>
  );
}
