namespace RaftLog.Platform.Tests;

/// <summary>Reads the result of what must have completed already.</summary>
internal static class Completed
{
    internal static T Now<T>(this ValueTask<T> task)
    {
        Assert.True(task.IsCompleted, "it has not completed");
        return task.GetAwaiter().GetResult();
    }
}
