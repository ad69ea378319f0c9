using System.IO.Pipes;

namespace RaftLog.Platform.Tests;

public sealed class BrokenPipeTests
{
    [Fact]
    public void A_pipe_is_broken_once_its_reader_has_closed_it()
    {
        using AnonymousPipeServerStream writer = new(PipeDirection.Out);
        AnonymousPipeClientStream reader = new(PipeDirection.In, writer.ClientSafePipeHandle);
        int descriptor = (int)writer.SafePipeHandle.DangerousGetHandle();
        Assert.False(Native.IsBroken(descriptor));

        reader.Dispose();
        Assert.True(Native.IsBroken(descriptor));
    }
}
