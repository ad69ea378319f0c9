using System.Runtime.InteropServices;

namespace RaftLog.Cli.Nodes;

/// <summary>Waits for Ctrl-C or SIGTERM; the first asks for a clean stop, a second ends the process as it always would.</summary>
internal sealed class StopSignal : IDisposable
{
    private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<PosixSignalRegistration> _registrations = [];

    public StopSignal()
    {
        foreach (PosixSignal signal in (PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM])
        {
            _registrations.Add(PosixSignalRegistration.Create(signal, Handle));
        }
    }

    /// <summary>Ends when a stop is asked for.</summary>
    public Task Asked => _asked.Task;

    /// <inheritdoc />
    public void Dispose() => _registrations.ForEach(each => each.Dispose());

    private void Handle(PosixSignalContext context) => context.Cancel = _asked.TrySetResult();
}
