"""Reference values for crates/kernels/src/random/tests.rs, from Python's own log, sin, cos and a
quantile by bisection. Run: python3 bench/random_golden.py"""
import math, struct
def philox(c,k):
    c=list(c);k=list(k)
    for _ in range(10):
        a=0xD2511F53*c[0]; b=0xCD9E8D57*c[2]
        c=[(b>>32)^c[1]^k[0], b&0xffffffff, (a>>32)^c[3]^k[1], a&0xffffffff]
        k=[(k[0]+0x9E3779B9)&0xffffffff,(k[1]+0xBB67AE85)&0xffffffff]
    return c
def fnv(bs,h=0xcbf29ce484222325):
    for b in bs: h=((h^b)*0x100000001b3)&(2**64-1)
    return h
def block(seed,h,kind,i): return philox([i&0xffffffff,(i>>32)|(kind<<24),h&0xffffffff,h>>32],[seed&0xffffffff,seed>>32])
def f32(x): return struct.unpack('<I',struct.pack('<f',x))[0]
h=fnv(b"0.weight")
words=lambda kind,n:[w for i in range((n+3)//4) for w in block(42,h,kind,i)][:n]
print("uniform",[hex(f32(-2+5*((w>>8)/2**24))) for w in words(2,6)])
z=[]
w=words(3,8)
for a,b in zip(w[::2],w[1::2]):
    r=math.sqrt(-2*math.log((a+.5)/2**32)); t=2*math.pi*(b+.5)/2**32
    z+= [r*math.cos(t), r*math.sin(t)]
print("normal",[hex(f32(1+2*v)) for v in z[:6]])
cdf=lambda x:.5*math.erfc(-x/math.sqrt(2))
def q(p):
    lo,hi=-9,9
    for _ in range(200):
        m=(lo+hi)/2
        if cdf(m)<p: lo=m
        else: hi=m
    return lo
print("trunc",[hex(f32(q(cdf(-2)+(cdf(2)-cdf(-2))*(w+.5)/2**32))) for w in words(4,6)])
h=fnv((3).to_bytes(8,'little'),fnv(b"\xff",fnv(b"order")))
def below(n,i):
    b=block(42,h,1,i//2); k=2*(i%2)
    return ((b[k]|b[k+1]<<32)*n)>>64
o=list(range(8))
for last in range(7,0,-1):
    j=below(last+1,last); o[last],o[j]=o[j],o[last]
print("order",o)
