using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Storage;

public sealed partial class Flusher
{
    partial void SeededBugHidesFailure(ref ValueTask flushed)
    {
        if (SeededBug.Is(12) || SeededBug.Is(13))
        {
            flushed = HideFailureAsync(flushed);
        }
    }

    private async ValueTask HideFailureAsync(ValueTask flushed)
    {
        try
        {
            await flushed;
        }
        catch (DiskException) when (SeededBug.Is(12)) { }
        catch (DiskException)
        {
            await _disk.FlushAsync(_files);
        }
    }

    partial void SeededBugSkipsNames()
    {
        if (SeededBug.Is(14))
        {
            _names.Clear();
        }
    }
}
