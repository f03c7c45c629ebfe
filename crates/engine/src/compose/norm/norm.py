"""Digits for tests.rs beside this file: python3 norm.py (needs torch)."""
import torch, torch.nn.functional as F
f=lambda n,a,b: torch.tensor([((i*a+b)%17)/4-2 for i in range(n)],dtype=torch.float64)
x=f(2*4*3,7,3).view(2,4,3); g=f(4,5,1)+3; s=f(4,3,2)
p=lambda n,t: print(n,[round(v,9) for v in t.flatten()[:6].tolist()])
p('batch',F.batch_norm(x,None,None,g,s,True,0.1,1e-5))
p('given',F.batch_norm(x,s,g,g,s,False,0.1,1e-3))
p('instance',F.instance_norm(x,None,None,g,s,True,0.1,1e-5))
p('group',F.group_norm(x,2,g,s,1e-5))
l=f(12,5,1).view(4,3)+3; m=f(12,3,2).view(4,3)
p('layer2',F.layer_norm(x,(4,3),l,m,1e-5))
p('layer1',F.layer_norm(x,(3,),l[0],m[0],1e-5))
p('rms',F.rms_norm(x,(3,),l[0],1e-5))
