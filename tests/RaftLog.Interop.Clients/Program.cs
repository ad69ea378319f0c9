using System.Runtime.InteropServices;
using RaftLog.Interop.Clients.Confluent;

// interop-client CLIENT ROLE ARGUMENT...: plays one role of a story that every client library tells (docs/verification.md).
using CancellationTokenSource stop = new();
using PosixSignalRegistration terminate = PosixSignalRegistration.Create(
    PosixSignal.SIGTERM,
    signal =>
    {
        signal.Cancel = true;
        stop.Cancel();
    }
);

switch (args)
{
    case [_, "produce", string bootstrap, string topic]:
        ConfluentRoles.Produce(bootstrap, topic, Console.In);
        return 0;
    case [string protocol, "member", string bootstrap, string group, string topic, .. string[] instance]:
        ConfluentRoles.Member(protocol, bootstrap, group, topic, instance.FirstOrDefault(), stop.Token);
        return 0;
    case [_, "transform", string bootstrap, string id, string from, string to, string count]:
        new ConfluentTransformer(bootstrap, id, from, to).Run(int.Parse(count));
        return 0;
    case [_, "load", string load, string bootstrap, string topic, string records, string bytes, string acks]:
        ConfluentLoad.Run(load, bootstrap, topic, int.Parse(records), int.Parse(bytes), acks);
        return 0;
    default:
        Console.Error.WriteLine("usage: interop-client classic|consumer produce|member|transform|load ARGUMENT...");
        return 2;
}
