using RaftLog.Protocol;

namespace RaftLog.Storage;

internal sealed partial class FlushProgress
{
    partial void SeededBugFlushesNewestAlone()
    {
        while (SeededBug.Is(33) && _dirty.Count > 1)
        {
            _dirty[0].IsDirty = false;
            _dirty.RemoveAt(0);
        }
    }

    partial void SeededBugCountsTooMuch()
    {
        if (SeededBug.Is(31))
        {
            _inFlightEnd = _end;
        }

        if (SeededBug.Is(32) && _inFlightEnd <= _end)
        {
            _inFlightGeneration = _generation;
        }
    }
}
