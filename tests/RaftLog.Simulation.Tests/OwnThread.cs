using System.Runtime.ExceptionServices;

namespace RaftLog.Simulation.Tests;

/// <summary>Runs a world on a thread that nobody else uses.</summary>
internal static class OwnThread
{
    private const int StackBytes = 16 << 20;

    internal static T Run<T>(Func<T> work)
    {
        T? result = default;
        ExceptionDispatchInfo? failure = null;
        Thread thread = new(
            () =>
            {
                try
                {
                    result = work();
                }
                catch (Exception e)
                {
                    failure = ExceptionDispatchInfo.Capture(e);
                }
            },
            StackBytes
        );
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result!;
    }
}
