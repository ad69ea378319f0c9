using System.IO.Compression;

namespace RaftLog.Protocol.Compression;

/// <summary>Compresses piece by piece into a buffer whose limit is the bound of the whole. One writer at a time.</summary>
public abstract class CompressedStream : IDisposable
{
    /// <summary>Begins to compress.</summary>
    /// <param name="type">The codec.</param>
    /// <param name="level">As in <see cref="RecordCompression.Compress"/>.</param>
    /// <param name="target">Where the compressed bytes go.</param>
    /// <exception cref="UnsupportedCompressionException">The codec does not exist.</exception>
    public static CompressedStream Open(CompressionType type, int level, PooledByteWriter target) =>
        type switch
        {
            CompressionType.None => new StoredStream(target),
            CompressionType.Gzip => new GzipCompressedStream(level, target),
            CompressionType.Snappy => new BlockStream(
                target,
                level,
                SnappyCodec.BlockSize,
                SnappyCodec.WriteHead,
                SnappyCodec.WriteBlock,
                static _ => { }
            ),
            CompressionType.Lz4 => new BlockStream(
                target,
                level,
                Lz4Block.LargestInput,
                Lz4Frame.WriteHead,
                Lz4Frame.WriteBlock,
                Lz4Frame.WriteEnd
            ),
            CompressionType.Zstd => new ZstdCompressedStream(level, target),
            _ => throw RecordCompression.Unknown(type),
        };

    /// <summary>Takes in the next plain bytes.</summary>
    /// <exception cref="Wire.ProtocolException">The limit of the target is reached.</exception>
    public abstract void Write(ReadOnlySpan<byte> plain);

    /// <summary>Writes what is still held back; nothing follows.</summary>
    /// <exception cref="Wire.ProtocolException">The limit of the target is reached.</exception>
    public abstract void Finish();

    /// <inheritdoc />
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives buffers back.</summary>
    protected virtual void Dispose(bool disposing) { }

    private sealed class StoredStream(PooledByteWriter target) : CompressedStream
    {
        public override void Write(ReadOnlySpan<byte> plain) => target.Write(plain);

        public override void Finish() { }
    }

    private delegate void BlockWriter(ReadOnlySpan<byte> plain, int level, PooledByteWriter target);

    /// <summary>For codecs whose blocks are compressed each for itself: whole blocks pass straight through, a rest waits.</summary>
    private sealed class BlockStream : CompressedStream
    {
        private readonly PooledByteWriter _target;
        private readonly int _level;
        private readonly int _blockSize;
        private readonly BlockWriter _writeBlock;
        private readonly Action<PooledByteWriter> _writeEnd;
        private readonly PooledByteWriter _rest;

        public BlockStream(
            PooledByteWriter target,
            int level,
            int blockSize,
            Action<PooledByteWriter> writeHead,
            BlockWriter writeBlock,
            Action<PooledByteWriter> writeEnd
        )
        {
            _target = target;
            _level = level;
            _blockSize = blockSize;
            _writeBlock = writeBlock;
            _writeEnd = writeEnd;
            _rest = new PooledByteWriter(blockSize);
            writeHead(target);
        }

        public override void Write(ReadOnlySpan<byte> plain)
        {
            while (!plain.IsEmpty)
            {
                if (_rest.Length == 0 && plain.Length >= _blockSize)
                {
                    _writeBlock(plain[.._blockSize], _level, _target);
                    plain = plain[_blockSize..];
                    continue;
                }

                int taken = Math.Min(_rest.Remaining, plain.Length);
                _rest.Write(plain[..taken]);
                plain = plain[taken..];
                if (_rest.Remaining == 0)
                {
                    WriteRest();
                }
            }
        }

        public override void Finish()
        {
            if (_rest.Length > 0)
            {
                WriteRest();
            }

            _writeEnd(_target);
        }

        protected override void Dispose(bool disposing) => _rest.Dispose();

        private void WriteRest()
        {
            _writeBlock(_rest.Written, _level, _target);
            _rest.Clear();
        }
    }

    private sealed class GzipCompressedStream : CompressedStream
    {
        private readonly GZipStream _gzip;

        public GzipCompressedStream(int level, PooledByteWriter target)
        {
            ZLibCompressionOptions options = new();
            if (level is >= 0 and <= 9)
            {
                options.CompressionLevel = level;
            }

            _gzip = new GZipStream(new AppendStream(target), options);
        }

        public override void Write(ReadOnlySpan<byte> plain) => _gzip.Write(plain);

        public override void Finish() => _gzip.Dispose();
    }

    private sealed class AppendStream(PooledByteWriter target) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Flush() { }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => target.Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer) => target.Write(buffer);
    }
}
