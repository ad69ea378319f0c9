using System.Runtime.InteropServices;
using RaftLog.Jepsen;

// The first Ctrl-C ends the run early and cleanly; a second one ends the harness, and the nodes have heard it too.
using CancellationTokenSource stop = new();
void Stop(PosixSignalContext context)
{
    context.Cancel = !stop.IsCancellationRequested;
    stop.Cancel();
}

using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
return await JepsenProgram.RunAsync(args, Console.Out, stop.Token);
